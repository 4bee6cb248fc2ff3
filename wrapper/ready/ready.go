// Package ready answers: does the service listen on its endpoints by now? It asks the kernel's tables and connects to nobody, so that
// the service notices nothing, and nobody else can answer for it.
package ready

import (
	"context"
	"slices"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/served"
	"portguard/netdiag/sockdiag"
)

// Finding is what is known of one endpoint.
type Finding struct {
	served.Look
	State served.State
	// Lacks is, of a half, what the service does not listen on.
	Lacks netdiag.Endpoint
	// Holders have it in the service's place: what it Lacks or, of a service that does not listen at all, the endpoint. Look finds
	// those of halves, and Explain all.
	Holders []netdiag.Holder
	// Listeners are the service's own sockets with their processes, once Explain has looked.
	Listeners []netdiag.Holder
	// Unexplained is why the kernel could not be asked for the holders; nil when it was.
	Unexplained error
}

// AllWhole reports whether the service is ready.
func AllWhole(all []Finding) bool {
	return !slices.ContainsFunc(all, func(f Finding) bool { return f.State != served.Whole })
}

// Looker looks, again and again. It is not safe for concurrent use.
type Looker struct {
	endpoints []netdiag.Endpoint
	whose     Whose
	prober    *netdiag.Prober
	known     ownership
	halves    map[netdiag.Endpoint]half
}

// half is what a look at the missing half of an endpoint came to, while the same sockets listen.
type half struct {
	beside  []socketKey
	holders []netdiag.Holder
}

// New makes a looker. Close it in the end.
func New(endpoints []netdiag.Endpoint, whose Whose) *Looker {
	return &Looker{endpoints: endpoints, whose: whose, prober: netdiag.NewProber(), halves: map[netdiag.Endpoint]half{}}
}

// Close ends the looker's questions to the kernel.
func (l *Looker) Close() error { return l.prober.Close() }

// Degraded is why the kernel could only be asked by way of /proc/net; nil when it was asked properly.
func (l *Looker) Degraded() error { return l.prober.Degraded() }

// Look asks who listens. Most looks take some microseconds: whose a socket is, and who has a missing half, is asked when other sockets
// listen than the last time, and now and then. An error means that the kernel could not be asked.
func (l *Looker) Look(ctx context.Context) ([]Finding, error) {
	listening, err := l.prober.Listening(ctx, l.endpoints)
	if err != nil {
		return nil, err
	}
	if err := l.own(ctx, listening); err != nil {
		return nil, err
	}
	all := make([]Finding, len(l.endpoints))
	for i, e := range l.endpoints {
		f := &all[i]
		f.Look = served.At(e, listening, l.known.has)
		lacks, some := f.Look.Lacks()
		if some {
			f.Lacks = lacks
			if f.Holders, err = l.missingHalf(ctx, f.Look, lacks); err != nil {
				return nil, err
			}
		}
		f.State = f.Look.State(len(f.Holders) > 0)
	}
	return all, nil
}

// missingHalf is who else has the half that a service does not listen on.
func (l *Looker) missingHalf(ctx context.Context, look served.Look, lacks netdiag.Endpoint) ([]netdiag.Holder, error) {
	beside := keysOf(look.Own)
	if before, ok := l.halves[look.Endpoint]; ok && slices.Equal(before.beside, beside) {
		return before.holders, nil
	}
	holders, err := l.others(ctx, lacks, look.Own)
	if err == nil {
		l.halves[look.Endpoint] = half{beside, holders}
	}
	return holders, err
}

// others are those in the way of an endpoint that are not the service's own, which has these sockets.
func (l *Looker) others(ctx context.Context, e netdiag.Endpoint, own []sockdiag.Socket) ([]netdiag.Holder, error) {
	holders, err := l.prober.InTheWay(ctx, e)
	if err != nil || len(holders) == 0 {
		return nil, err
	}
	ours := l.whose.recognise(l.prober.Owned(ctx, own))
	return slices.DeleteFunc(holders, func(h netdiag.Holder) bool { return ours(h.Socket, h.Owners) }), nil
}

// Explain names who has what the service has not, and the processes of those that listen.
func (l *Looker) Explain(ctx context.Context, all []Finding) {
	for i := range all {
		f := &all[i]
		f.Listeners = l.prober.Owned(ctx, f.Own)
		switch f.State {
		case served.Other:
			f.Holders = l.prober.Owned(ctx, f.Others)
		case served.Deaf:
			f.Holders, f.Unexplained = l.others(ctx, f.Endpoint, nil)
		}
	}
}

// Have are those of some processes that listen on one of the endpoints.
func (l *Looker) Have(ctx context.Context, processes []owner.Stat) ([]owner.Stat, error) {
	listening, err := l.prober.Listening(ctx, l.endpoints)
	if err != nil {
		return nil, err
	}
	var sockets []sockdiag.Socket
	for _, e := range l.endpoints {
		sockets = append(sockets, served.At(e, listening, func(sockdiag.Socket) bool { return true }).Own...)
	}
	holders := l.prober.Owned(ctx, sockets)
	return slices.DeleteFunc(slices.Clone(processes), func(p owner.Stat) bool {
		return !slices.ContainsFunc(holders, func(h netdiag.Holder) bool { return ofFamily(h.Socket, h.Owners, []owner.Stat{p}) })
	}), nil
}

// socketKey tells a socket from others, as far as /proc/net does, too.
type socketKey struct {
	cookie uint64
	inode  uint32
}

func keyOf(s sockdiag.Socket) socketKey { return socketKey{s.Cookie, s.Inode} }

func keysOf(all []sockdiag.Socket) []socketKey {
	keys := make([]socketKey, len(all))
	for i, s := range all {
		keys[i] = keyOf(s)
	}
	return keys
}
