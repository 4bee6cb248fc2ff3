package decide

import "portguard/netdiag"

// decideKill: every process that has the socket, or none, since one that stays keeps the socket.
func (j Judge) decideKill(h *netdiag.Holder) Decision {
	switch {
	case h.OfNobody():
		return j.mayClear(h) // there is a record to clear, and no process to end
	case h.Kind == netdiag.Listener && !j.Policy.KillListeners:
		return notPossible("a listening service is never touched without --kill-listeners")
	case h.Absence == netdiag.NotAccepted:
		return Decision{} // goes with its listener
	}
	return j.mayTouch(h)
}

// mayClear is about what belongs to no process any more. A record without data harms nobody when it goes; data that is on its way
// is somebody's.
func (j Judge) mayClear(h *netdiag.Holder) Decision {
	if h.Kind == netdiag.Remains {
		return Decision{}
	}
	if why := j.Policy.Only.excludesData(h.Socket, h.Cgroup); why != "" {
		return notPossible("%s", why)
	}
	return Decision{}
}
