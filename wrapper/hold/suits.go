package hold

import (
	"slices"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// Suits reports whether these endpoints, which are one TCP port's, can be held by a placeholder that a service with these
// sockets on it starts beside. For any other service the hold is a reservation: --reserve with --hold none.
func Suits(endpoints []netdiag.Endpoint, service []netdiag.Claim) bool {
	p := planPort(endpoints)
	return p.why == "" && !p.costs(endpoints, service)
}

// costs reports whether a placeholder by this plan keeps the service from binding one of its sockets.
func (p plan) costs(endpoints []netdiag.Endpoint, service []netdiag.Claim) bool {
	switch {
	case p.why != "":
		return false
	case p.cover:
		return slices.ContainsFunc(endpoints, func(e netdiag.Endpoint) bool { return anyConflict(service, e.Claims(0)[0]) })
	}
	return inTheWay(p.where[0], service)
}

// Costly are the ports that have a listener of a program which would not start whole beside its placeholder. It may be the last run
// of the very service.
func Costly(findings []*netdiag.Finding) map[netdiag.Port]bool {
	some := map[netdiag.Port]bool{}
	for _, port := range byPort(findings) {
		var service []netdiag.Claim
		for _, f := range port {
			for _, h := range f.Holders {
				if h.Kind == netdiag.Listener && h.Flags.ReuseAddr == sockdiag.No {
					service = append(service, netdiag.Claim{Addr: h.Socket.Local.Addr().WithZone(""), V6Only: h.Flags.V6Only == sockdiag.Yes})
				}
			}
		}
		endpoints := endpointsOf(port)
		if len(service) > 0 && planPort(endpoints).costs(endpoints, service) {
			some[endpoints[0].Key()] = true
		}
	}
	return some
}
