package wrapper

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// cut is the close rung: it ends exactly the connections that hold the endpoints still wanted. A socket whose program asked
// for the port keeps it without its connection, and is shared then.
func (g *Guard) cut(ctx context.Context, r *Report) {
	if g.policy.DryRun {
		g.rehearse(ctx, decide.Close, r)
		return
	}
	g.rounds(ctx, decide.Close, r, func(t target) (moved bool) {
		for _, h := range t.holders {
			if h.Kind != netdiag.Bound {
				a := g.closeOne(ctx, h)
				g.act(t.Outcome, a)
				moved = moved || a.Result == decide.Done
			}
		}
		if !g.try(t.Outcome, decide.Close) {
			moved = g.shareRest(ctx, t) || moved
		}
		return moved
	})
}

// shareRest shares what is still bound after its connection is gone. Their sockets are the same as before, though the
// kernel's tables show them in another state.
func (g *Guard) shareRest(ctx context.Context, t target) (moved bool) {
	for _, h := range t.holders {
		if !h.StaysBound() || ctx.Err() != nil {
			continue
		}
		a := Action{decide.Close, h, decide.Done, "set SO_REUSEADDR on what is left bound of the " + describe(h)}
		if err := setReuseAddr(h); err != nil {
			a.Result, a.Detail = touchResult(err), fmt.Sprintf("%s: %v%s", a.Detail, err, tracingHelp(err))
		}
		g.act(t.Outcome, a)
		moved = moved || a.Result == decide.Done
	}
	g.try(t.Outcome, decide.Close)
	return moved
}

// closeOne asks the kernel to destroy the socket with this very cookie. Where the kernel cannot, or this user may not, the
// connection is broken through a duplicate of the owner's descriptor.
func (g *Guard) closeOne(ctx context.Context, h *netdiag.Holder) Action {
	if h.Kind == netdiag.Remains {
		return g.clearOne(ctx, decide.Close, h)
	}
	err := g.destroy(ctx, h)
	switch {
	case err == nil:
		return Action{decide.Close, h, decide.Done, "cut the " + describe(h)}
	case errors.Is(err, unix.ENOENT):
		return Action{decide.Close, h, decide.Done, "the " + describe(h) + " was gone already"}
	case len(h.Owners) == 0:
		return g.clearOne(ctx, decide.Close, h)
	}
	if errDup := throughOwner(h, pidfd.Disconnect); errDup != nil {
		a := Action{decide.Close, h, touchResult(errDup), fmt.Sprintf("cut the %s: %v; by its descriptor: %v", describe(h), err, errDup)}
		if a.Result == decide.NotPermitted || errors.Is(err, unix.EPERM) {
			a.Result = decide.NotPermitted
			a.Detail += "; that takes CAP_NET_ADMIN, or CAP_SYS_PTRACE"
		}
		return a
	}
	return Action{decide.Close, h, decide.Done, "cut the " + describe(h) + " by a duplicate of its descriptor"}
}
