package decide

import (
	"errors"
	"io/fs"
	"path"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
)

// mayTouch refuses a holder when any of its owners is protected, or not one that --only allows.
func (j Judge) mayTouch(h *netdiag.Holder) Decision {
	keepers := h.Keepers()
	if len(keepers) == 0 {
		return unseenOwner(h)
	}
	for _, o := range keepers {
		if d := j.MayEnd(o, h); !d.GoAhead() {
			return d
		}
	}
	return Decision{}
}

// mayEnd is about one owner of a holder.
func (j Judge) MayEnd(o owner.Process, h *netdiag.Holder) Decision {
	if d := j.protects(o, h); !d.GoAhead() {
		return d
	}
	if why := j.Policy.Only.excludes(o); why != "" {
		return notPossible("pid %d %s", o.PID, why)
	}
	return Decision{}
}

// protects refuses a process that is nobody's to end or to cut off, whatever the flags.
func (j Judge) protects(o owner.Process, h *netdiag.Holder) Decision {
	who, known := j.Protected[o.PID]
	manager := systemd.IsManager(o.Cgroup, o.Exe)
	switch {
	case known:
	case manager:
		who = "a service manager"
	case j.IsPortguard(o):
		who = "another portguard"
	default:
		return Decision{}
	}
	d := notPossible("pid %d is %s and is never touched", o.PID, who)
	if unit, _ := systemd.UnitOfCgroup(h.Cgroup); manager && unit.Name != j.OwnUnit {
		d.Instead = systemd.Command("stop", h.Cgroup, o.User)
	}
	return d
}

// isPortguard reports whether a process runs our program: the same file or, after an upgrade, and in a container, another
// one of its name. What a portguard has started is a portguard no more.
func (j Judge) IsPortguard(o owner.Process) bool {
	const name = "portguard"
	if o.Exe == "" {
		return o.Command == name
	}
	return o.Program != (owner.Program{}) && o.Program == j.Program || path.Base(o.Exe) == name
}

// LeftOver names the service that portguard is started for where an owner of the holder is of that service, too: it does not run
// yet, so it is what an earlier run has left. "" for every other holder.
func (j Judge) LeftOver(h *netdiag.Holder) string {
	for _, o := range h.Owners {
		if _, protected := j.Protected[o.PID]; protected {
			continue
		}
		if u, ok := systemd.UnitOfCgroup(o.Cgroup); ok && u == j.Starts {
			return u.Name
		}
	}
	return ""
}

// unseenOwner refuses a holder whose owner did not show, by reason: what nobody may know is not possible, what another
// user may know is not permitted.
func unseenOwner(h *netdiag.Holder) Decision {
	switch h.Absence {
	case netdiag.NotPermitted, netdiag.Hidden, netdiag.OtherUserNamespace:
		return Decision{Result: NotPermitted, Why: "its owner is not visible to this user"}
	case netdiag.Vetoed:
		return Decision{Result: NotPermitted, Why: "a security module keeps its owner from being seen"}
	case netdiag.OtherPIDNamespace:
		return notPossible("its owner is outside this pid namespace")
	case netdiag.NoProc:
		return notPossible("its owner cannot be found without /proc")
	case netdiag.InRing:
		return notPossible("it is a fixed file of an io_uring, of which nobody can have a duplicate")
	case netdiag.MayBeInRing:
		return notPossible("it may be a fixed file of an io_uring: of whose cannot be told for certain on this kernel")
	case netdiag.OfSMC:
		return notPossible("it is what is behind a program's SMC socket, which only that program can close")
	case netdiag.InFlight:
		return notPossible("it was probably sent over a unix socket and not yet received: who is to have it cannot be told for certain")
	case netdiag.Unsearched:
		return notPossible("no memory or open files were left to look for its owner")
	}
	return notPossible("no process has it open")
}

// RefusesAll refuses everybody where nobody can be told from anybody.
func (j Judge) RefusesAll() Decision {
	if j.Blind == nil {
		return Decision{}
	}
	d := notPossible("portguard's own ancestors, which are never touched, cannot be told: %v", j.Blind)
	if errors.Is(j.Blind, fs.ErrPermission) {
		d.Result = NotPermitted
	}
	return d
}
