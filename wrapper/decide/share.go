package decide

import (
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// decideShare: what is shared loses nothing, whoever has it open. So --only does not narrow it, and a service manager that keeps
// a service's connection is asked for a duplicate like any other.
func (j Judge) decideShare(e netdiag.Endpoint, h *netdiag.Holder) Decision {
	switch {
	case e.Protocol == netdiag.UDP:
		return notPossible("UDP sockets that share a port take each other's datagrams")
	case e.ReuseAddr == netdiag.ReuseNo:
		return notPossible("a service without SO_REUSEADDR cannot bind beside it")
	case h.Kind == netdiag.Listener:
		return notPossible("nothing binds beside a listening socket")
	case h.Absence == netdiag.NotAccepted:
		return notPossible("it waits in the queue of a listener")
	case h.Kind == netdiag.Closing:
		return notPossible("no process has it any more, and it still has data to send: wait for it")
	case h.Kind == netdiag.Remains:
		return Decision{}
	case h.ConnectedToItself():
		return notPossible("it is a program's connection to itself, made while it looked for the service: beside it the service would wait in vain for that program. --close cuts it, and the program reconnects")
	case h.Socket.ULP == "mptcp" && h.Flags.Settable != sockdiag.Yes: // one that has fallen back to TCP, on Linux 6.1, is a TCP socket in this
		return notPossible("the kernel does not let a connected MPTCP socket share: --close cuts it")
	}
	if len(h.Owners) == 0 {
		return unseenOwner(h)
	}
	return Decision{}
}
