package why

import (
	"net/netip"
	"slices"

	"portguard/cmd/portguard/internal/page"
	"portguard/internal/taken"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
)

// halves are the listeners of servers that are up by half: on IPv6 alone, while somebody else has their port in IPv4. Only those are
// named that are known to go on like that; others may have been told to. By the socket: the process.
func halves(r *wrapper.Report) map[netdiag.SocketID]string {
	var all map[netdiag.SocketID]string
	for i := range r.Outcomes {
		holders := r.Outcomes[i].Holders
		for j := range holders {
			h := &holders[j]
			if name := goesOnBySix(h); name != "" && slices.ContainsFunc(holders, inFour) && !servesFour(holders, name) {
				if all == nil {
					all = map[netdiag.SocketID]string{}
				}
				all[h.ID()] = name
			}
		}
	}
	return all
}

// goesOnBySix names the process of a listener on [::] alone, if it is one that goes on without IPv4.
func goesOnBySix(h *netdiag.Holder) string {
	if h.Kind != netdiag.Listener || h.Socket.Local.Addr() != netip.IPv6Unspecified() || h.Socket.V6Only != sockdiag.Yes || len(h.Owners) == 0 {
		return ""
	}
	name := h.Owners[0].Command
	if taken.By(name) != taken.Half {
		return ""
	}
	return name
}

func inFour(h netdiag.Holder) bool { return h.Socket.Local.Addr().Unmap().Is4() }

// servesFour reports whether a process of this name listens in IPv4, too.
func servesFour(holders []netdiag.Holder, name string) bool {
	return slices.ContainsFunc(holders, func(h netdiag.Holder) bool {
		return h.Kind == netdiag.Listener && inFour(h) && len(h.Owners) > 0 && h.Owners[0].Command == name
	})
}

// whatItLacks tells of such a listener.
func whatItLacks(h netdiag.Holder, facts Facts) string {
	name := facts.halves[h.ID()]
	if name == "" {
		return ""
	}
	return "; " + page.Safe(name) + " goes on with IPv6 alone when somebody has its port in IPv4, as here: it counts as started, and is deaf to IPv4"
}
