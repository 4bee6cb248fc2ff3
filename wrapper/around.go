package wrapper

import (
	"context"
	"errors"
	"os"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/container"
)

// Around is what stands around the holders: the containers that their owners belong to or serve, and the services that may end
// with them. The Judge goes by it when it decides about ending somebody, reports when they tell of a holder. The zero value knows
// of nothing.
type Around struct {
	parts    map[partKey]container.Part
	Services map[netdiag.SocketID][]netdiag.Neighbour // as netdiag.Prober.Beside lists them
	origins  map[owner.ID]Origin
}

// partKey is a process, and what it listens on: dockerd may keep the ports of many containers.
type partKey struct {
	process owner.ID
	at      container.Listening
}

func keyOf(o owner.Process, h *netdiag.Holder) partKey {
	return partKey{o.ID(), receiving(h)}
}

// receiving is what the holder receives on, the zero value for a connection.
func receiving(h *netdiag.Holder) container.Listening {
	if h.Kind != netdiag.Listener && h.Kind != netdiag.Bound {
		return container.Listening{}
	}
	local := netdiag.Plain(h.Socket.Local)
	return container.Listening{Protocol: netdiag.Protocol(h.Socket.Protocol).String(), Addr: local.Addr(), Port: local.Port()}
}

// Part is what the owners of a holder are to containers. Of several the one that serves it from outside counts first, and then
// the one that it ends with.
func (a Around) Part(h *netdiag.Holder) container.Part {
	var most container.Part
	for _, o := range h.Owners {
		part, known := a.parts[keyOf(o, h)]
		if !known {
			part = container.Of(o)
		}
		most = careful(most, part)
	}
	return most
}

// note says of what is done to a holder whose container it concerns, "" where it is in none.
func (a Around) note(h *netdiag.Holder) string {
	if part := a.Part(h); part.Role != container.None {
		return "; " + part.String()
	}
	return ""
}

func careful(a, b container.Part) container.Part {
	if b.Role > a.Role {
		return b
	}
	return a
}

// Below are the services that one of the holder's owners has started, and that listen on other ports.
func (a Around) Below(h *netdiag.Holder) []netdiag.Neighbour {
	var below []netdiag.Neighbour
	for _, n := range a.Services[h.ID()] {
		if n.Below {
			below = append(below, n)
		}
	}
	return below
}

// Beside are the services of the same cgroup that listen on other ports, those of Below among them.
func (a Around) Beside(h *netdiag.Holder) []netdiag.Neighbour { return a.Services[h.ID()] }

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
			h := &r.Outcomes[i].Holders[k]
			for _, p := range h.Owners {
				key := keyOf(p, h)
				if _, known := g.parts[key]; !known {
					g.parts[key] = container.Finder{}.Look(ctx, p, key.at)
				}
			}
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
			known := Around{parts: g.parts}
			if len(h.Owners) == 0 || o.Trial.Verdict != netdiag.Taken || known.Part(h).Role != container.None {
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

// euid is for whom commands are meant.
func euid() uint32 { return uint32(os.Geteuid()) }
