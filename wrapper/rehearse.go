package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper/decide"
)

// rehearse says what a rung would do, by all that comes before the act itself: who could not do it is told so as in earnest.
func (g *Guard) rehearse(ctx context.Context, rung decide.Rung, r *Report) {
	for _, t := range g.targets(ctx, rung, r) {
		for _, h := range t.holders {
			a := g.would(ctx, r.Judge, rung, h)
			a.Rung, a.Holder = rung, h
			g.act(t.Outcome, a)
		}
	}
}

// permitted asks before an act that harms whether this user may do it: of two processes that have a socket one would be ended for
// nothing if the other may not be signalled. What a share may not do it finds out by itself, at nobody's cost.
func (g *Guard) permitted(ctx context.Context, judge decide.Judge, rung decide.Rung, h *netdiag.Holder) decide.Decision {
	if rung == decide.Share {
		return decide.Decision{}
	}
	return g.mayDo(ctx, judge, rung, h)
}

// mayDo is why this user may not do what a rung would, or it could not be done.
func (g *Guard) mayDo(ctx context.Context, judge decide.Judge, rung decide.Rung, h *netdiag.Holder) decide.Decision {
	if a := g.would(ctx, judge, rung, h); a.Result != decide.Would {
		return decide.Decision{Result: a.Result, Why: a.Detail}
	}
	return decide.Decision{}
}

// would is what a rung would do to a holder, or why it could not.
func (g *Guard) would(ctx context.Context, judge decide.Judge, rung decide.Rung, h *netdiag.Holder) Action {
	switch rung {
	case decide.Share:
		return g.wouldShare(ctx, h)
	case decide.Close:
		return g.wouldClose(ctx, h)
	case decide.RestartUnit:
		return g.wouldRestart(ctx, judge, h)
	}
	return g.wouldKill(ctx, h)
}

// foresee says which endpoints would be free at the end of a dry run: those of which every holder would be acted on, or goes by
// itself within the time to wait. What is not sure to be all that is in the way, or would go who knows when, is not foreseen.
func (g *Guard) foresee(r *Report) {
	for _, o := range r.wanted() {
		o.WouldBeFree = foresees(g.policy, o)
	}
}

func foresees(p decide.Policy, o *Outcome) bool {
	if o.Trial.Verdict != netdiag.Taken || len(o.Holders) == 0 || o.Partial {
		return false
	}
	acted := map[netdiag.SocketID]bool{}
	for _, a := range o.Actions {
		if a.Holder != nil && a.Result == decide.Would {
			acted[a.Holder.ID()] = true
		}
	}
	for i := range o.Holders {
		h := &o.Holders[i]
		goes := p.Allows(decide.Wait) && h.Kind == netdiag.Remains && h.Socket.Expires <= p.Wait
		if !acted[h.ID()] && !goes {
			return false
		}
	}
	return true
}

func (g *Guard) wouldShare(ctx context.Context, h *netdiag.Holder) Action {
	if h.Kind == netdiag.Remains {
		return g.wouldClear(ctx, h)
	}
	return wouldTouch("set SO_REUSEADDR on the "+describe(h), h)
}

func (g *Guard) wouldClose(ctx context.Context, h *netdiag.Holder) Action {
	text := "cut the " + describe(h)
	switch {
	case len(h.Keepers()) == 0:
		return g.wouldClear(ctx, h)
	case h.Kind == netdiag.Bound:
		return wouldTouch("set SO_REUSEADDR on the "+describe(h)+", which has no connection to cut", h)
	case h.StaysBound():
		return wouldTouch(text+", and set SO_REUSEADDR on what stays bound of it", h)
	case g.mayDestroy(ctx) == nil:
		return Action{Result: decide.Would, Detail: text}
	}
	return wouldTouch(text, h)
}

func (g *Guard) wouldKill(ctx context.Context, h *netdiag.Holder) Action {
	if len(h.Keepers()) == 0 {
		return g.wouldClear(ctx, h)
	}
	a := Action{Result: decide.Would, Detail: killText(g.policy, h) + g.note(h)}
	for _, o := range h.Keepers() {
		if err := maySignal(o.PID); err != nil {
			a.Result, a.Detail = touchResult(err), fmt.Sprintf("%s: pid %d: %v", a.Detail, o.PID, err)
			if a.Result == decide.NotPermitted {
				a.Detail += "; that takes CAP_KILL"
			}
			break
		}
	}
	return a
}

// wouldRestart cannot tell whether systemd would let us: it asks polkit, which may ask a person.
func (g *Guard) wouldRestart(ctx context.Context, judge decide.Judge, h *netdiag.Holder) Action {
	if unit := decide.ServiceOf(h); unit != "" {
		return Action{Result: decide.Would, Detail: "restart " + unit + judge.Services[unit].Along() + judge.GoesWithout(h)}
	}
	return g.wouldClear(ctx, h)
}

// wouldTouch is about what takes a duplicate of the socket: one is made, and closed again.
func wouldTouch(text string, h *netdiag.Holder) Action {
	err := throughOwner(h, func(int) error { return nil })
	if err == nil || errors.Is(err, netdiag.ErrChanged) { // who has it then is looked at again
		return Action{Result: decide.Would, Detail: text}
	}
	return Action{Result: touchResult(err), Detail: fmt.Sprintf("%s: %v%s", text, err, tracingHelp(err))}
}

func (g *Guard) wouldClear(ctx context.Context, h *netdiag.Holder) Action {
	text := "clear the " + describe(h)
	switch err := g.mayDestroy(ctx); {
	case errors.Is(err, unix.EPERM):
		return Action{Result: decide.NotPermitted, Detail: text + ": that takes CAP_NET_ADMIN"}
	case errors.Is(err, unix.EOPNOTSUPP):
		return Action{Result: decide.NotPossible, Detail: text + ": this kernel cannot; it ends by itself (--wait)"}
	}
	return Action{Result: decide.Would, Detail: text + ", which belongs to no process"}
}

// mayDestroy is why the kernel would destroy no socket for us, nil when it would. An attempt on one that nobody has tells whether
// it can; whether we may, it looks at later.
func (g *Guard) mayDestroy(ctx context.Context) error {
	if !capable(unix.CAP_NET_ADMIN) {
		return unix.EPERM
	}
	nobody := sockdiag.Socket{
		Protocol: unix.IPPROTO_TCP, Family: unix.AF_INET, State: sockdiag.Established,
		Local:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 1),
		Remote: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 1),
		Cookie: 1<<64 - 2,
	}
	diag, err := g.prober.Diag()
	if err != nil {
		return err
	}
	if err = diag.Destroy(ctx, nobody); errors.Is(err, sockdiag.ErrGone) {
		return nil
	}
	return err
}

// maySignal is the kernel's answer to a signal that is none.
func maySignal(pid int) error {
	p, err := pidfd.Open(pid)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Signal(0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
}
