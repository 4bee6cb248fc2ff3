package wrapper

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

// share makes every holder of the endpoints still wanted let the service bind beside it, and clears the remains of
// connections that belong to nobody. No connection is cut and no byte is lost.
func (g *Guard) share(ctx context.Context, r *Report) {
	if g.policy.DryRun {
		g.rehearse(ctx, decide.Share, r)
		return
	}
	g.rounds(ctx, decide.Share, r, func(t target) (moved bool) {
		for _, h := range t.holders {
			a, again := g.shareOne(ctx, h)
			g.act(t.Outcome, a)
			moved = moved || again
		}
		g.try(t.Outcome, decide.Share)
		return moved
	})
}

// shareOne acts on one holder. again is true when it makes sense to look who holds the port now, should it still be taken.
func (g *Guard) shareOne(ctx context.Context, h *netdiag.Holder) (a Action, again bool) {
	if h.Kind == netdiag.Remains {
		a = g.clearOne(ctx, decide.Share, h)
		return a, a.Result == decide.Done
	}
	err := setReuseAddr(h)
	if errors.Is(err, netdiag.ErrChanged) && touchResult(err) == decide.Failed {
		return Action{decide.Share, h, decide.Done, "the " + describe(h) + " was given up meanwhile"}, true
	}
	if err != nil {
		a = Action{decide.Share, h, touchResult(err), fmt.Sprintf("set SO_REUSEADDR on the %s: %v%s", describe(h), err, tracingHelp(err))}
		return a, false
	}
	return Action{decide.Share, h, decide.Done, fmt.Sprintf("set SO_REUSEADDR on the %s; nothing else of it changes", describe(h))}, true
}

// maxNamed is how many processes of one socket a line names. A server's workers may be hundreds: the report's JSON has them all.
const maxNamed = 8

// eachOf joins what is said of each process.
func eachOf(all []owner.Process, say func(owner.Process) string) string {
	var parts []string
	for _, o := range all[:min(len(all), maxNamed)] {
		parts = append(parts, say(o))
	}
	if more := len(all) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, " and ")
}

// describe names a holder in one clause: what, whose, and which connection.
func describe(h *netdiag.Holder) string {
	var b strings.Builder
	switch h.Kind {
	case netdiag.Remains, netdiag.Closing:
		fmt.Fprintf(&b, "%s record", h.Socket.State)
	case netdiag.Bound:
		b.WriteString("bound socket")
	case netdiag.Listener:
		b.WriteString("listening socket")
	default:
		b.WriteString("connection")
	}
	if who := h.Keepers(); len(who) > 0 {
		b.WriteString(" of " + eachOf(who, owner.Process.Named))
	}
	fmt.Fprintf(&b, " %s", h.Local())
	if h.Socket.Remote.Port() != 0 {
		fmt.Fprintf(&b, " -> %s", netdiag.Plain(h.Socket.Remote))
	}
	return b.String()
}
