package decide

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
)

// decideRestart: the whole service, or nothing, and only where systemd will do it and it reaches every process that has the
// socket.
func (j Judge) decideRestart(h *netdiag.Holder) Decision {
	d := j.decideKill(h)
	switch {
	case !d.GoAhead():
		return d
	case h.Absence == netdiag.InRing:
		return notPossible("whether a restart reaches the process whose io_uring has it is not known: --kill ends it")
	case len(h.Owners) == 0 && h.Kind != netdiag.BoundClient:
		return d
	}
	unit := ServiceOf(h)
	if h.Kind == netdiag.BoundClient {
		if d := j.asksAgain(unit); !d.GoAhead() {
			return d
		}
	}
	if unit == "" {
		return notOneService(h)
	}
	if unit == j.OwnUnit {
		return notPossible("%s is the service that portguard itself runs in", unit)
	}
	s := j.Services[unit]
	if d := j.mayRestart(unit, s); !d.GoAhead() {
		return d
	}
	for _, o := range h.Owners {
		if d := reaches(unit, s, o); !d.GoAhead() {
			return d
		}
	}
	return Decision{}
}

// mayRestart is about the service, whoever of it has the socket.
func (j Judge) mayRestart(unit string, s Service) Decision {
	switch {
	case errors.Is(s.Err, fs.ErrPermission):
		return Decision{Result: NotPermitted, Why: "what a restart of " + unit + " would do cannot be asked: " + s.Err.Error()}
	case s.Err != nil:
		return notPossible("what a restart of %s would do cannot be asked: %v", unit, s.Err)
	case s.LoadState == "":
		return notPossible("what a restart of %s would do is not known", unit)
	case s.LoadState != systemd.Loaded:
		return notPossible("%s would not start again: systemd says that it is %s", unit, s.LoadState)
	case s.RefuseManualStart || s.RefuseManualStop:
		return notPossible("%s is not restarted by hand (RefuseManualStart=, RefuseManualStop=)", unit)
	case s.ActiveState == "inactive" || s.ActiveState == "failed":
		return notPossible("%s does not run: what has the port is left over from an earlier run, and a restart would not end it", unit)
	case s.ActiveState == "deactivating":
		return notPossible("%s is being stopped, and a restart would start it again", unit)
	case s.Frozen:
		return notPossible("%s is frozen: systemctl thaw comes first (systemd 257 refuses to restart it)", unit)
	case j.OwnUnit != "" && slices.Contains(s.With, j.OwnUnit):
		return notPossible("a restart of %s takes %s along, which portguard itself runs in (Requires=, BindsTo= or PartOf=)", unit, j.OwnUnit)
	}
	return Decision{}
}

// reaches refuses where a restart of the service would leave the process alive.
func reaches(unit string, s Service, o owner.Process) Decision {
	below, within := strings.CutPrefix(o.Cgroup, s.ControlGroup)
	whole := s.KillMode == "control-group" || s.KillMode == "mixed"
	switch {
	case s.KillMode == "none":
		return notPossible("a restart of %s ends no process (KillMode=none)", unit)
	case s.MainPID == o.PID:
		return Decision{}
	case !within || s.ControlGroup == "" || below != "" && !strings.HasPrefix(below, "/"):
		return notPossible("a restart of %s would not end pid %d, which is not in its cgroup", unit, o.PID)
	case below != "" && s.Delegate:
		return notPossible("a restart of %s is not about pid %d, which it runs in a cgroup of its own making (Delegate=)", unit, o.PID)
	case !whole:
		return notPossible("a restart of %s would leave pid %d alive: it ends the main process alone (KillMode=%s)", unit, o.PID, s.KillMode)
	}
	return Decision{}
}

// notOneService says what the holder is, where it is no service of the system's that could be restarted.
func notOneService(h *netdiag.Holder) Decision {
	d := notPossible("it is not one service of systemd's that has it")
	if u, ok := systemd.UnitOfCgroup(h.Owners[0].Cgroup); ok && u.User && len(h.Owners) == 1 {
		d.Instead = systemd.Command("restart", h.Owners[0].Cgroup, h.Owners[0].User)
	}
	return d
}
