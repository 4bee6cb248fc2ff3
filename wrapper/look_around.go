package wrapper

import (
	"context"
	"errors"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/container"
)

// engineSilence is for how long an engine that has not answered in time is not asked again.
const engineSilence = time.Minute

// lookAround asks what the owners are to containers, once for each, and of all together no longer than askLimit: there may be as
// many as there are ports.
func (g *Guard) lookAround(ctx context.Context, r *Report) {
	const most = 4096 // while a wait goes on, clients come and go
	if len(g.parts) > most {
		clear(g.parts)
	}
	limit := askLimit
	if time.Now().Before(g.engineAt) {
		limit = 0
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for i := range r.Outcomes {
		for k := range r.Outcomes[i].Holders {
			g.parts.Ask(&r.Outcomes[i].Holders[k], func(p owner.Process, at container.Listening) container.Part {
				return container.Finder{}.Look(ctx, p, at)
			})
		}
	}
	if limit > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		g.engineAt = time.Now().Add(engineSilence)
	}
}

// lookBeside asks, once for each set of owners, which other services have to do with them.
func (g *Guard) lookBeside(ctx context.Context, r *Report) map[netdiag.SocketID][]netdiag.Neighbour {
	const most = 16 // different owners; with more it is a crowd, not a service
	beside := map[netdiag.SocketID][]netdiag.Neighbour{}
	asked := map[int][]netdiag.Neighbour{}
	for _, o := range r.wanted() {
		for i := range o.Holders {
			h := &o.Holders[i]
			if len(h.Owners) == 0 || o.Trial.Verdict != netdiag.Taken || g.parts.Of(h).Role != container.None {
				continue // of containers, it is the container that is told of
			}
			pid := h.Owners[0].PID
			some, done := asked[pid]
			if !done && len(asked) < most {
				some, _ = g.prober.Beside(ctx, h) // what the kernel does not tell stands in no report
				asked[pid] = some
			}
			if len(some) > 0 {
				beside[h.ID()] = some
			}
		}
	}
	return beside
}

// note says of what is done to a holder whose container it concerns, "" where it is in none.
func (g *Guard) note(h *netdiag.Holder) string {
	if part := g.parts.Of(h); part.Role != container.None {
		return "; " + part.String()
	}
	return ""
}
