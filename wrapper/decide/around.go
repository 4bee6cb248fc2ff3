package decide

import (
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/container"
)

// Around is what stands around the holders: the containers that their owners belong to or serve, and the services that may end
// with them. The Judge goes by it when it decides about ending somebody, reports when they tell of a holder. The zero value knows
// of nothing.
type Around struct {
	Parts    Parts
	Services map[netdiag.SocketID][]netdiag.Neighbour // as netdiag.Prober.Beside lists them
	Origins  map[owner.ID]Origin                      // of those that no service explains, and that are in no container
}

// Part is what the owners of a holder are to containers.
func (a Around) Part(h *netdiag.Holder) container.Part { return a.Parts.Of(h) }

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

// Origin is where a process comes from, for one that no service explains: of a login, a cron job, a script.
type Origin struct {
	Parents []owner.Stat // its parent first, without pid 1
	Dir     string       // its working directory, "" where that is not readable
}

// Origin is the zero Origin for a process of a service, or of a container.
func (a Around) Origin(p owner.Process) Origin { return a.Origins[p.ID()] }
