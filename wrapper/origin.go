package wrapper

import (
	"strings"

	"portguard/netdiag/owner"
	"portguard/systemd"
	"portguard/wrapper/container"
	"portguard/wrapper/decide"
)

// lookOrigins asks where those come from that are of no service, for the report: of the first few, as it takes a look at each
// parent. Of all of them it asks whether they are frozen, which the search for owners leaves out.
func (g *Guard) lookOrigins(r *Report) map[owner.ID]decide.Origin {
	const most = 32
	found := map[owner.ID]decide.Origin{}
	looked := 0
	for _, o := range r.wanted() {
		for i := range o.Holders {
			h := &o.Holders[i]
			for k, p := range h.Owners {
				if looked++; looked <= most {
					h.Owners[k].Condition = owner.Scanner{}.Condition(p.PID)
				}
				if _, done := found[p.ID()]; done || len(found) == most || ofService(p) || g.parts.Of(h).Role != container.None {
					continue
				}
				found[p.ID()] = originOf(p)
			}
		}
	}
	return found
}

// ofService reports whether a unit other than a scope says where the process comes from. pid 1 comes from nowhere.
func ofService(p owner.Process) bool {
	u, ok := systemd.UnitOfCgroup(p.Cgroup)
	return p.PID == 1 || ok && !strings.HasSuffix(u.Name, ".scope")
}

func originOf(p owner.Process) decide.Origin {
	var from decide.Origin
	s := owner.Scanner{}
	from.Dir = s.Dir(p.PID)
	line, _ := owner.Ancestors(p.PID) // those that could be named
	for _, pid := range line {
		if st, err := s.Stat(pid); err == nil && pid != 1 {
			from.Parents = append(from.Parents, st)
		}
	}
	return from
}
