package decide

import (
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/container"
)

// Parts are what processes are to containers, as far as it was asked. What was not, the process itself tells by halves.
type Parts map[partKey]container.Part

// partKey is a process, and what it listens on: dockerd may keep the ports of many containers.
type partKey struct {
	process owner.ID
	at      container.Listening
}

func keyOf(o owner.Process, h *netdiag.Holder) partKey { return partKey{o.ID(), receiving(h)} }

// receiving is what the holder receives on, the zero value for a connection.
func receiving(h *netdiag.Holder) container.Listening {
	if h.Kind != netdiag.Listener && h.Kind != netdiag.Bound {
		return container.Listening{}
	}
	local := netdiag.Plain(h.Socket.Local)
	return container.Listening{Protocol: netdiag.Protocol(h.Socket.Protocol).String(), Addr: local.Addr(), Port: local.Port()}
}

// Ask asks what each owner of a holder is, once for all looks at it.
func (all Parts) Ask(h *netdiag.Holder, ask func(owner.Process, container.Listening) container.Part) {
	for _, o := range h.Owners {
		key := keyOf(o, h)
		if _, known := all[key]; !known {
			all[key] = ask(o, key.at)
		}
	}
}

// Of is what the owners of a holder are. Of several the one that serves a container from outside counts first, and then the one
// that it ends with.
func (all Parts) Of(h *netdiag.Holder) container.Part {
	var most container.Part
	for _, o := range h.Owners {
		part, known := all[keyOf(o, h)]
		if !known {
			part = container.Of(o)
		}
		if part.Role > most.Role {
			most = part
		}
	}
	return most
}
