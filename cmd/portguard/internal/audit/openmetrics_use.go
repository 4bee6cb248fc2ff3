package audit

import (
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
)

// ephemeralUse is how much of the range the kernel has given out.
type ephemeralUse struct {
	tcp, udp protocolUse
	// busiest is how many of the TCP ports the connections to one destination have. One port serves many destinations,
	// so that this decides whether the next connect() finds a port.
	busiest   int
	busiestTo risk.Route
}

// protocolUse leaves reserved ports out, and those that were asked for by number.
type protocolUse struct{ ports, inUse int }

func useOf(f portrange.Facts, look risk.Look) ephemeralUse {
	whole := portrange.Set{f.Range}.Minus(f.Reserved)
	tcp, udp := whole.Minus(look.Bound), whole.Minus(look.BoundUDP)
	use := ephemeralUse{tcp: protocolUse{ports: tcp.Len()}, udp: protocolUse{ports: udp.Len()}}
	var picked []uint16
	routes := map[risk.Route]int{}
	for p := range look.TCP {
		if tcp.Contains(p.Port) {
			picked = append(picked, p.Port)
			routes[p.Route]++
			if routes[p.Route] > use.busiest {
				use.busiest, use.busiestTo = routes[p.Route], p.Route
			}
		}
	}
	use.tcp.inUse = portrange.Of(picked...).Len()
	for port := range look.UDP {
		if udp.Contains(port) {
			use.udp.inUse++
		}
	}
	return use
}
