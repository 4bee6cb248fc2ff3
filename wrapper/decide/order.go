package decide

import (
	"path"
	"slices"

	"portguard/netdiag"
	"portguard/systemd"
)

// Start is what systemd tells of the service that portguard itself runs in.
type Start struct {
	systemd.Service
	// Job is what is about to be done to it: "start" ...
	Job string
}

// asksAgain decides about the service of a client that has asked for its port by number. After a restart it asks again, and one of two
// services is down: which one is a race, unless systemd starts the other only when the service that wants the port has it.
func (j Judge) asksAgain(unit string) Decision {
	const why = "its program asked for this port itself, and would ask for it again: "
	switch {
	case unit == "" || !slices.Contains(j.Services[unit].After, j.OwnUnit) || !j.startWaits():
		return notPossible(why + "after a restart one of the two services is down")
	case !j.Own.tellsWhenUp():
		return notPossible(why+"%s starts after %s, but systemd is not told when that has the port (Type=%s, no ExecStartPost= with portguard ready)",
			unit, j.OwnUnit, j.Own.Type)
	}
	return Decision{}
}

// startWaits reports whether a start of OwnUnit waits for this very process, or for one that it runs in, in ExecStartPre= or ExecStart=.
// Without a job, as after systemctl cancel, systemd keeps no order; from ExecStartPost= on the service has the port or has failed.
func (j Judge) startWaits() bool {
	ours := func(pid int) bool { return pid > 1 && j.Protected[pid] != "" }
	switch {
	case j.Own.Job != "start":
		return false
	case j.Own.SubState == "start":
		return ours(j.Own.MainPID) || ours(j.Own.ControlPID)
	}
	return j.Own.SubState == "start-pre" && ours(j.Own.ControlPID)
}

// tellsWhenUp reports whether the start is over only when the service listens: by its own word, or because portguard ready looks. With
// Type=simple, exec and idle it is over when there is a process, with oneshot when that has ended.
func (s Start) tellsWhenUp() bool {
	return slices.Contains([]string{"notify", "notify-reload", "forking", "dbus"}, s.Type) ||
		slices.ContainsFunc(s.ExecStartPost, func(e systemd.Exec) bool {
			return path.Base(e.Path) == "portguard" && slices.Contains(e.Args, "ready")
		})
}

// goesWithout says of a holder that is restarted all the same what becomes of its service.
func (j Judge) GoesWithout(h *netdiag.Holder) string {
	if h.Kind != netdiag.BoundClient {
		return ""
	}
	return "; its program asks for this port itself, and will not have it while " + j.OwnUnit + " runs"
}
