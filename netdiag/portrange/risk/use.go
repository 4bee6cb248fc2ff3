package risk

import "portguard/netdiag/portrange"

// Use is how much of the range the kernel has given out.
type Use struct {
	TCP, UDP Given
	// Busiest is how many of the TCP ports the connections to one destination have. One port serves many destinations,
	// so that this decides whether the next connect() finds a port.
	Busiest   int
	BusiestTo Route
}

// Given leaves reserved ports out, and those that were asked for by number.
type Given struct{ Ports, InUse int }

// UseOf counts it of a look.
func UseOf(f portrange.Facts, look Look) Use {
	whole := portrange.Set{f.Range}.Minus(f.Reserved)
	tcp, udp := whole.Minus(look.Bound), whole.Minus(look.BoundUDP)
	use := Use{TCP: Given{Ports: tcp.Len()}, UDP: Given{Ports: udp.Len()}}
	var picked []uint16
	routes := map[Route]int{}
	for p := range look.TCP {
		if tcp.Contains(p.Port) {
			picked = append(picked, p.Port)
			routes[p.Route]++
			if routes[p.Route] > use.Busiest {
				use.Busiest, use.BusiestTo = routes[p.Route], p.Route
			}
		}
	}
	use.TCP.InUse = portrange.Of(picked...).Len()
	for port := range look.UDP {
		if udp.Contains(port) {
			use.UDP.InUse++
		}
	}
	return use
}
