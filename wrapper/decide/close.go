package decide

import "portguard/netdiag"

// decideClose: a socket that listens, or belongs to a listener, is a service's. One that stays bound can only be shared when its connection is gone.
func (j Judge) decideClose(e netdiag.Endpoint, h *netdiag.Holder) Decision {
	switch {
	case (h.Kind == netdiag.Listener || h.Absence == netdiag.NotAccepted) && !j.Policy.KillListeners:
		return notPossible("a listening service is never touched without --kill-listeners")
	case h.Absence == netdiag.NotAccepted:
		return Decision{}
	case h.OfNobody():
		return j.mayClear(h)
	case h.StaysBound() && e.ReuseAddr == netdiag.ReuseNo:
		return notPossible("its program asked for the port and keeps it when the connection is cut")
	case h.StaysBound() && e.Protocol == netdiag.UDP:
		return notPossible("its program asked for the port and keeps it until it closes the socket")
	case h.Kind == netdiag.BoundClient && h.Socket.ULP == "mptcp":
		return notPossible("its program asked for the port and keeps it when the connection is cut, and what is left of an MPTCP connection takes no SO_REUSEADDR")
	}
	if h.StaysBound() && h.Absence == netdiag.InRing {
		return notPossible("its program asked for the port and keeps it when the connection is cut, and of what is left, a fixed file of an io_uring, nobody can have a duplicate to share it")
	}
	d := j.mayTouch(h)
	if d.GoAhead() && h.StaysBound() && h.Flags.Closed {
		return Decision{Result: NotPermitted, Why: "its program asked for the port and keeps it when the connection is cut; " +
			"to share what is left takes a duplicate of its descriptor, which this user may not have (CAP_SYS_PTRACE)"}
	}
	return d
}
