package wrapper

import (
	"context"
	"slices"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

// A socket that is bound and idle may be a placeholder, or a server's that is about to call listen(): some load their data
// in between. To share its socket would make its listen() fail, as soon as the service listens; to end it would end a server,
// which takes --kill-listeners. Nothing tells for how long a socket has been bound (sockfs keeps no times), so every rung
// looks at it twice.
//
// Between bind() and listen() are microseconds for most servers, and more while they start. So what is idle must stay so
// for a moment, and belong to a process that has been running for some time: what is put off is a start that would have
// failed, and only where an idle socket is in its way.
type patience struct {
	idle   time.Duration // for how long it has been seen idle
	starts time.Duration // how old the oldest process is that has it
	look   time.Duration // how often to look meanwhile
}

func usualPatience() patience {
	return patience{idle: 2 * time.Second, starts: 5 * time.Second, look: 500 * time.Millisecond}
}

// targets are what a rung may act on, once none of it may be a server that is about to listen.
func (g *Guard) targets(ctx context.Context, rung decide.Rung, r *Report) []target {
	for {
		targets := g.pickTargets(ctx, rung, r)
		left := g.mayListen(r.Judge, targets, time.Now())
		if left <= 0 || ctx.Err() != nil {
			return targets
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(left, g.patience.look)):
		}
	}
}

// mayListen is for how much longer one of the targets may be such a server; 0 or less: none is.
func (g *Guard) mayListen(judge decide.Judge, targets []target, now time.Time) (left time.Duration) {
	for _, t := range targets {
		for _, h := range t.holders {
			if h.Kind != netdiag.Bound || !slices.ContainsFunc(h.Owners, func(o owner.Process) bool { return !judge.IsPortguard(o) }) {
				continue // a portguard's is a placeholder
			}
			first, seen := g.idle[h.ID()]
			if !seen {
				first = now
				g.idle[h.ID()] = now
			}
			oldest := slices.MinFunc(h.Owners, func(a, b owner.Process) int { return a.Started.Compare(b.Started) })
			left = max(left, g.patience.idle-now.Sub(first), g.patience.starts-now.Sub(oldest.Started))
		}
	}
	return left
}
