package wrapper

import (
	"errors"
	"io/fs"

	"portguard/netdiag"
	"portguard/netdiag/owner"
)

// mayTouch refuses a holder when any of its owners is protected, or not one that only allows.
func (j Judge) mayTouch(h *netdiag.Holder, only Only) Decision {
	if len(h.Owners) == 0 {
		return unseenOwner(h)
	}
	for _, o := range h.Owners {
		if d := j.protects(o); !d.GoAhead() {
			return d
		}
		if flag := only.excludes(o); flag != "" {
			return notPossible("pid %d is not one that %s allows", o.PID, flag)
		}
	}
	return Decision{}
}

// protects refuses a process that no rung touches, whatever the flags.
func (j Judge) protects(o owner.Process) Decision {
	if who, ok := j.Protected[o.PID]; ok {
		return notPossible("pid %d is %s and is never touched", o.PID, who)
	}
	return Decision{}
}

// unseenOwner refuses a holder whose owner did not show, by reason: what nobody may know is not possible, what another
// user may know is not permitted.
func unseenOwner(h *netdiag.Holder) Decision {
	switch h.Absence {
	case netdiag.NotPermitted, netdiag.Hidden:
		return Decision{Result: NotPermitted, Why: "its owner is not visible to this user"}
	case netdiag.OtherPIDNamespace:
		return notPossible("its owner is outside this pid namespace")
	case netdiag.NoProc:
		return notPossible("its owner cannot be found without /proc")
	case netdiag.Unsearched:
		return notPossible("no memory or open files were left to look for its owner")
	}
	return notPossible("no process has it open")
}

// blind refuses everybody, because nobody can be told from anybody.
func (j Judge) blind() Decision {
	d := notPossible("portguard's own ancestors, which are never touched, cannot be told: %v", j.Blind)
	if errors.Is(j.Blind, fs.ErrPermission) {
		d.Result = NotPermitted
	}
	return d
}
