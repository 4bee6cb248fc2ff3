package why

import (
	"fmt"
	"slices"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
	"portguard/wrapper"
)

// listens is about a socket that receives what comes to the port. The commonest first: that it is the service itself, which runs.
func listens(h netdiag.Holder, facts Facts) string {
	const itself = ": if it is the service itself, all is well; else another service has it"
	does, what := "listens on this port", "listening socket"
	if netdiag.Protocol(h.Socket.Protocol) == netdiag.UDP {
		does, what = "receives what anybody sends to this port", "socket"
	}
	left := facts.Judge.LeftOver(&h) != ""
	switch {
	case h.Passed == netdiag.LeftToThem:
		return fmt.Sprintf("%d processes have inherited this %s: none of them has started the others, and the program that opened it%s is not among them any more",
			len(h.Owners), what, openedIn(h))
	case left:
		return "a program " + does
	case h.Passed == netdiag.MayBePassed && h.Served == sockdiag.No && openedIn(h) == "":
		return fmt.Sprintf("a program has this %s, and nothing of it waits for what comes: it has probably inherited it from the one that started it", what)
	case h.Passed == netdiag.MayBePassed && openedIn(h) != "":
		return fmt.Sprintf("a program has inherited this %s, which was opened%s, and serves it or only keeps it", what, openedIn(h))
	case h.Passed == netdiag.MayBePassed && facts.Starts:
		return fmt.Sprintf("a program %s, or has inherited the %s from the one that started it: another service has it, or the service runs already, or has left it behind", does, what)
	case h.Passed == netdiag.MayBePassed:
		return fmt.Sprintf("a program %s, or has inherited the %s from the one that started it%s, or has left it behind", does, what, itself)
	case facts.Starts:
		return "a program " + does + ": another service has it, or the service runs already"
	}
	return "a program " + does + itself
}

// openedIn is the unit that a socket was made in, where its owners are of others: " in order.service".
func openedIn(h netdiag.Holder) string {
	made, ok := systemd.UnitOfCgroup(h.Cgroup)
	if !ok {
		return ""
	}
	for _, o := range h.Owners {
		if u, ok := systemd.UnitOfCgroup(o.Cgroup); !ok || u == made || systemd.IsManager(o.Cgroup, o.Exe) {
			return ""
		}
	}
	return " in " + page.Safe(made.Name)
}

// LeftBehind reports whether those who have the listeners of an endpoint have not opened them, and do not serve by them, as far as can
// be told: then to end the listening alone harms nobody. Whoever serves would go on deaf.
func LeftBehind(o *wrapper.Outcome) bool {
	return !slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool {
		switch {
		case h.Kind != netdiag.Listener:
			return false
		case h.Served == sockdiag.Yes || h.Passed == netdiag.NotPassed:
			return true
		}
		return h.Passed == netdiag.MayBePassed && h.Served != sockdiag.No && openedIn(h) == ""
	})
}

// leftOver says of whatever kind of holder that it is of the unit which is about to start.
func leftOver(h netdiag.Holder, facts Facts) string {
	unit := facts.Judge.LeftOver(&h)
	if unit == "" {
		return ""
	}
	return fmt.Sprintf(": left over from an earlier run of %s, this very unit, which systemd has not ended (KillMode=, SendSIGKILL=)", page.Safe(unit))
}
