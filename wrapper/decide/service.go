package decide

import (
	"strings"

	"portguard/netdiag"
	"portguard/systemd"
)

// Service is what systemd says of a service that has a port, and of what a restart of it would do.
type Service struct {
	systemd.Service
	// With are the units that systemd would restart along with it.
	With []string
	// Err is why systemd could not be asked; nil when it was.
	Err error
}

// along says whom else a restart is about.
func (s Service) Along() string {
	if len(s.With) == 0 {
		return ""
	}
	return ", and with it " + strings.Join(s.With, ", ")
}

// ServiceOfAll is the system's service that all owners of all holders belong to, "" when there is no such one.
func ServiceOfAll(holders []netdiag.Holder) string {
	name := ""
	for i := range holders {
		unit := ServiceOf(&holders[i])
		if i > 0 && unit != name {
			return ""
		}
		name = unit
	}
	return name
}

// ServiceOf is the system's service that all owners belong to, "" when there is no such one.
func ServiceOf(h *netdiag.Holder) string {
	name := ""
	for _, o := range h.Owners {
		u, ok := systemd.UnitOfCgroup(o.Cgroup)
		if !ok || u.User || !strings.HasSuffix(u.Name, ".service") || name != "" && name != u.Name {
			return ""
		}
		name = u.Name
	}
	return name
}
