package wrapper

import (
	"strings"

	"portguard/netdiag"
	"portguard/systemd"
)

// decideRestart: the whole service, or nothing.
func (j Judge) decideRestart(h *netdiag.Holder) Decision {
	d := j.decideKill(h)
	if !d.GoAhead() || len(h.Owners) == 0 {
		return d
	}
	switch unit := serviceOf(h); unit {
	case "":
		return notPossible("it is not one service of systemd's that has it")
	case j.OwnUnit:
		return notPossible("%s is the service that portguard itself runs in", unit)
	}
	return Decision{}
}

// ServiceOf is the system's service that all owners of all holders belong to, "" when there is no such one.
func ServiceOf(holders []netdiag.Holder) string {
	name := ""
	for i := range holders {
		unit := serviceOf(&holders[i])
		if i > 0 && unit != name {
			return ""
		}
		name = unit
	}
	return name
}

// serviceOf is the system's service that all owners belong to, "" when there is no such one.
func serviceOf(h *netdiag.Holder) string {
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
