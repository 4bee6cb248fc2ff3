package wrapper

import "portguard/netdiag"

// decideKill: every process that has the socket, or none, since one that stays keeps the socket.
func (j Judge) decideKill(h *netdiag.Holder) Decision {
	switch {
	case h.Kind == netdiag.Remains, h.Kind == netdiag.Closing:
		return Decision{} // nobody's: there is a record to clear, and no process to end
	case h.Kind == netdiag.Listener && !j.Policy.KillListeners:
		return notPossible("a listening service is never touched without --kill-listeners")
	case h.Absence == netdiag.NotAccepted:
		return Decision{} // goes with its listener
	}
	return j.mayTouch(h)
}
