package hold

import (
	"net/netip"
	"slices"

	"portguard/netdiag"
)

// plan is how one port is held until its service has it.
type plan struct {
	// cover: every endpoint is held by a socket that is bound to it, as the service sets SO_REUSEADDR for all.
	cover bool
	// where is for others: one socket holds all, at the first of these addresses that can be had. Nobody uses the first.
	where []netip.Addr
	// strict: the service does without SO_REUSEADDR, and so do trials.
	strict bool
	// why says why nothing holds the port when the service starts; "" when something does.
	why string
}

// planPort plans for all endpoints of one port at once: what is out of the way of one may be in the way of another. A bound
// socket on any address of a port keeps every connect() of the network namespace off it, so that one is enough.
//
// No address is out of the way of both 0.0.0.0 and [::]. Nothing holds the port of a service that is said to do without
// SO_REUSEADDR and binds one of them, for it may bind the other as well. Of a service of which nothing is said, IPv4 sockets
// are spared: most that do without SO_REUSEADDR have no others.
func planPort(endpoints []netdiag.Endpoint) plan {
	if endpoints[0].Protocol == netdiag.UDP {
		return plan{why: "a UDP socket would receive the service's datagrams"}
	}
	p := plan{cover: true}
	var service []netdiag.Claim
	only6, every := true, false
	for _, e := range endpoints {
		c := e.Claims(0)[0]
		c.ReuseAddr, c.ReusePort = e.ReuseAddr == netdiag.ReuseYes, false // SO_REUSEPORT helps one user's sockets: the service may become another
		service = append(service, c)
		only6 = only6 && c.V6Only
		p.cover = p.cover && e.ReuseAddr == netdiag.ReuseYes
		p.strict = p.strict || e.ReuseAddr == netdiag.ReuseNo
		every = every || c.Addr.Unmap().IsUnspecified()
	}
	v6, v4 := netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})
	p.where = []netip.Addr{unused(v6), unused(v4), v6, v4}
	if only6 {
		p.where = []netip.Addr{unused(v4), unused(v6), v4, v6}
	}
	p.where = slices.DeleteFunc(p.where, func(a netip.Addr) bool { return inTheWay(a, service) })
	switch {
	case p.strict && every:
		p.why = "every socket is in the way of 0.0.0.0 or of [::], and a service without SO_REUSEADDR may bind both; a reservation is in nobody's way"
	case p.strict && len(p.where) == 0:
		p.why = "the service itself has every address that a socket could hold the port on"
	case len(p.where) == 0:
		p.where = []netip.Addr{unused(v6), v6}
	}
	return p
}

// unused is an address of the same family that no program uses: the end of 127.0.0.0/8, or of the discard prefix 100::/64.
func unused(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte{127, 255, 255, 254})
	}
	return netip.AddrFrom16([16]byte{0: 1, 15: 1})
}

// inTheWay reports whether a placeholder at this address keeps the service from binding one of its sockets.
func inTheWay(a netip.Addr, service []netdiag.Claim) bool {
	return anyConflict(service, netdiag.Claim{Addr: a, V6Only: a.Is6(), ReuseAddr: true})
}

func anyConflict(service []netdiag.Claim, placeholder netdiag.Claim) bool {
	return slices.ContainsFunc(service, func(s netdiag.Claim) bool { return netdiag.Conflict(netdiag.TCP, s, placeholder) })
}

// byPort are the findings port by port, in the order in which their first ones were given.
func byPort(findings []*netdiag.Finding) [][]*netdiag.Finding {
	all := make([][]*netdiag.Finding, 0, len(findings))
	at := make(map[netdiag.Port]int, len(findings))
	for _, f := range findings {
		n, known := at[f.Endpoint.Key()]
		if !known {
			n = len(all)
			at[f.Endpoint.Key()], all = n, append(all, nil)
		}
		all[n] = append(all[n], f)
	}
	return all
}

func endpointsOf(findings []*netdiag.Finding) []netdiag.Endpoint {
	all := make([]netdiag.Endpoint, len(findings))
	for i, f := range findings {
		all[i] = f.Endpoint
	}
	return all
}
