package listens

import (
	"slices"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper/hold"
)

// Suited reports whether each port can be held by a placeholder beside which the service starts whole.
func Suited(endpoints []netdiag.Endpoint, service []Listener) bool {
	ports := map[uint16][]netdiag.Endpoint{}
	for _, e := range endpoints {
		if e.Protocol == netdiag.TCP {
			ports[e.Port] = append(ports[e.Port], e)
		}
	}
	for port, some := range ports {
		var claims []netdiag.Claim
		for _, l := range service {
			if l.Local.Port() == port {
				claims = append(claims, netdiag.Claim{Addr: l.Local.Addr(), V6Only: l.V6Only == sockdiag.Yes, Device: l.Interface})
			}
		}
		if len(claims) > 0 && !hold.Suits(some, claims) {
			return false
		}
	}
	return true
}

// Every reports whether all listeners have this answer to a question.
func Every(listeners []Listener, ask func(netdiag.Flags) sockdiag.Tristate, answer sockdiag.Tristate) bool {
	return len(listeners) > 0 && !slices.ContainsFunc(listeners, func(l Listener) bool { return ask(l.Flags) != answer })
}
