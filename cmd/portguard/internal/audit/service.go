package audit

import (
	"cmp"
	"slices"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
)

// auditService is what serves on a port, whatever number of sockets and processes it takes.
type auditService struct {
	addresses []string
	units     []string
	processes []owner.Process
}

// foldService makes one of several sockets; nil of none.
func foldService(sockets []netdiag.Holder) *auditService {
	if len(sockets) == 0 {
		return nil
	}
	s := &auditService{units: unitsOf(sockets)}
	for _, h := range sockets {
		if a := netdiag.Plain(h.Socket.Local).Addr().String(); !slices.Contains(s.addresses, a) {
			s.addresses = append(s.addresses, a)
		}
		for _, p := range h.Owners {
			if !slices.ContainsFunc(s.processes, func(o owner.Process) bool { return o.PID == p.PID }) {
				s.processes = append(s.processes, p)
			}
		}
	}
	slices.Sort(s.addresses)
	slices.SortFunc(s.processes, func(a, b owner.Process) int { return cmp.Compare(a.PID, b.PID) })
	return s
}

// unitsOf names the units of a service's sockets.
func unitsOf(all []netdiag.Holder) []string {
	units := []string{}
	for _, h := range all {
		if u, ok := systemd.UnitOfCgroup(h.Cgroup); ok && !slices.Contains(units, u.Name) {
			units = append(units, u.Name)
		}
	}
	return units
}
