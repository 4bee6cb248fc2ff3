package netdiag

import (
	"slices"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// Passed says of a socket that receives whether its owners may have it from another program, which opened it: then they may know
// nothing of it, and what they are configured to do explains nothing.
type Passed uint8

// What is known. The zero value: the program that has it opened it, as far as can be told.
const (
	NotPassed Passed = iota
	// MayBePassed: it stays open over execve(2), so that the program that started this one may have opened it.
	MayBePassed
	// LeftToThem: several have it, and none of them has started the others. The one that opened it is not among them.
	LeftToThem
)

// askHowItCame asks the owners of a listener's socket whether they have opened it. Who serves by one that stays open over execve(2),
// as many do not care to close it, is taken for the one that did.
func (h *Holder) askHowItCame() {
	s := owner.Scanner{}
	h.Passed = passed(h.Owners, func(o owner.Process) sockdiag.Tristate {
		if closes, known := s.ClosesOnExec(o); known {
			return tristate(closes)
		}
		return sockdiag.Unknown
	})
	if h.Passed == NotPassed {
		return
	}
	h.Served = served(h.Owners, s.Waits)
	if h.Passed == MayBePassed && h.Served == sockdiag.Yes {
		h.Passed = NotPassed
	}
}

// passed looks for the owner that all others descend from. closes tells of an owner whether execve(2) closes the socket.
func passed(owners []owner.Process, closes func(owner.Process) sockdiag.Tristate) Passed {
	if len(owners) == 0 {
		return NotPassed
	}
	first := topmost(owners, owners[0])
	for _, o := range owners {
		if topmost(owners, o).PID != first.PID && !descends(o, []owner.Process{first}) {
			return LeftToThem
		}
	}
	if closes(first) == sockdiag.No {
		return MayBePassed
	}
	return NotPassed
}

// topmost goes up from one owner to its parent, as long as that is an owner, too.
func topmost(owners []owner.Process, from owner.Process) owner.Process {
	for range owners {
		i := slices.IndexFunc(owners, func(o owner.Process) bool { return o.PID == from.Parent })
		if i < 0 {
			break
		}
		from = owners[i]
	}
	return from
}

// served reports whether one of the owners waits for what comes to the socket: No only where all of them can be seen to do something
// else.
func served(owners []owner.Process, waits func(owner.Process) (waits, known bool)) sockdiag.Tristate {
	const most = 16
	answer := sockdiag.No
	for i, o := range owners {
		if i == most {
			return sockdiag.Unknown
		}
		switch yes, known := waits(o); {
		case yes:
			return sockdiag.Yes
		case !known:
			answer = sockdiag.Unknown
		}
	}
	return answer
}
