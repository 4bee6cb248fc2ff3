package netdiag

import (
	"context"
	"errors"
	"slices"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// Finding is what is known of one endpoint: whoever tries it begins one with the Trial, Prober.Explain adds who is in the way
// when it is taken, and rungs, reports and advice go by it.
type Finding struct {
	Endpoint Endpoint
	Trial    Trial
	// Holders stand in the way when the verdict is Taken. Empty although it is Taken: the kernel's tables show nobody.
	Holders []Holder
	// Partial: there may be holders beside these. Before Linux 6.8, and where /proc had to do, the kernel's tables leave out
	// TCP sockets that are bound and neither listen nor are connected, and not every process could be asked for its own.
	Partial bool
}

// Prober asks who holds a port. A wrapper.Guard has one for as long as it works, audit and completion have their own. It is not
// safe for concurrent use.
type Prober struct {
	diag    *sockdiag.Conn
	scanner owner.Scanner
	mine    map[uint64]bool // cookies of portguard's own sockets
	lets    bool            // what it binds itself it closes at once
	expects bool            // Beside will be asked
	// seen are the owners, by inode, of what the last look for owners was about.
	seen  map[uint32][]owner.Process
	bound sockdiag.Tristate // listsBound has found out
	// degraded is why /proc had to do instead of sock_diag; nil when it had not.
	degraded error
}

// NewProber returns a prober that opens its netlink socket when it first needs one: a free port asks nobody.
func NewProber() *Prober { return &Prober{mine: map[uint64]bool{}, seen: map[uint32][]owner.Process{}} }

// Close ends the prober.
func (p *Prober) Close() error {
	if p.diag == nil {
		return nil
	}
	return p.diag.Close()
}

// Degraded says why the kernel's socket tables had to be read from /proc/net, which knows less than sock_diag; nil when
// sock_diag has answered, or was not asked yet.
func (p *Prober) Degraded() error { return p.degraded }

// Diag is the netlink connection, opened when it is first needed.
func (p *Prober) Diag() (*sockdiag.Conn, error) {
	if p.diag == nil {
		c, err := sockdiag.Dial()
		if err != nil {
			return nil, err
		}
		p.diag = c
	}
	return p.diag, nil
}

// Ignore tells the prober of a socket of portguard's own, which stands in nobody's way. The sockets of free findings
// are known without it.
func (p *Prober) Ignore(fd int) {
	if cookie, err := pidfd.Cookie(fd); err == nil {
		p.mine[cookie] = true
	}
}

func (p *Prober) ignoreTrial(f *Finding) {
	if f.Trial.Verdict == Free && f.Trial.FD >= 0 {
		p.Ignore(f.Trial.FD)
	}
}

// LetGo has Explain close at once what it binds itself, for who only wants to know.
func (p *Prober) LetGo() { p.lets = true }

// ExpectBeside tells the prober that Beside will be asked about what it finds, so that processes are searched once for both.
func (p *Prober) ExpectBeside() { p.expects = true }

// Explain fills in the holders of every finding whose verdict is Taken, with one dump of the kernel's tables for all of
// them. A UDP endpoint that nothing conflicts with becomes Free: its trial was stricter than the service will be.
//
// An error means that the kernel could not be asked; errors.Is(err, sockdiag.ErrUnsupported) when it never can be here.
// The verdicts stand all the same.
func (p *Prober) Explain(ctx context.Context, findings []*Finding) error {
	var taken []*Finding
	for _, f := range findings {
		if f.Trial.Verdict == Taken {
			taken = append(taken, f)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	for _, f := range findings {
		p.ignoreTrial(f)
	}
	for attempt := 0; attempt < attempts && len(taken) > 0; attempt++ {
		if err := p.explain(ctx, taken); err != nil {
			return err
		}
		taken = slices.DeleteFunc(taken, func(f *Finding) bool {
			return f.Trial.Verdict != Taken || len(f.Holders) > 0
		})
	}
	return nil
}

// attempts is how often the kernel is asked: on a busy port the holders of one look may be gone at the next question. And a socket
// that is just becoming a FIN_WAIT2 or TIME_WAIT record may be in none of the kernel's tables for a moment.
const attempts = 6

func (p *Prober) explain(ctx context.Context, taken []*Finding) error {
	t, _, err := p.find(ctx, taken)
	if err != nil {
		return err
	}
	for _, f := range taken {
		if len(f.Holders) > 0 {
			continue
		}
		if f.Endpoint.Protocol == UDP && len(t.byPort[keyOf(f.Endpoint)]) > 0 {
			f.Trial.Verdict, f.Trial.Errno = Free, 0 // all there share the port with a service of these options
			continue
		}
		f.Trial = Try(f.Endpoint) // the holder may have gone since the trial
		if p.lets {
			f.Trial.Close()
		}
		p.ignoreTrial(f) // the next look is about the others
	}
	return nil
}

// find looks once for the holders. changed are the findings that have none because one of them has gone during the look.
func (p *Prober) find(ctx context.Context, taken []*Finding) (t *tables, changed []*Finding, err error) {
	if t, err = p.tables(ctx, taken); err != nil {
		return nil, nil, err
	}
	found, searched := p.owners(ctx, taken, t)
	t.mptcp = p.mptcp(ctx, taken, found, t)
	p.nameSMC(ctx, taken, found, t)
	if err := p.markAuto(ctx, taken, found, t); err != nil {
		return nil, nil, err
	}
	for _, f := range taken {
		f.Holders = t.holders(f, found, searched)
		f.Partial = t.partial && f.Endpoint.Protocol == TCP
		if slices.ContainsFunc(f.Holders, func(h Holder) bool { return p.vanished(ctx, h) }) {
			f.Holders = nil // what is left of them may look like something else
			changed = append(changed, f)
		}
	}
	return t, changed, nil
}

// vanished reports whether a holder that a process had, and for which no process was found, has been closed in between.
func (p *Prober) vanished(ctx context.Context, h Holder) bool {
	if len(h.Owners) > 0 || h.Socket.Inode == 0 || p.degraded != nil {
		return false
	}
	now, err := p.diag.Lookup(ctx, h.Socket)
	return errors.Is(err, sockdiag.ErrGone) || err == nil && now.Inode != h.Socket.Inode
}
