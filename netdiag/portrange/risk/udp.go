package risk

import (
	"time"

	"portguard/netdiag/portrange"
)

// datagrams is how the kernel picks UDP ports (udp_lib_get_port). It starts on a random port of the range. Where that will not do it tries those that share a
// place with it in the kernel's table of UDP sockets, at random, and when none of these will do either, it goes on with the port above.
type datagrams struct {
	low   int
	free  []bool
	table int // places; 0: not known
}

func datagramsOf(f portrange.Facts, look Look) datagrams {
	d := datagrams{low: int(f.Range.Low), free: make([]bool, int(f.Range.High)-int(f.Range.Low)+1), table: f.UDPTable}
	for _, r := range (portrange.Set{f.Range}).Minus(f.Reserved).Minus(look.BoundUDP) {
		for port := int(r.Low); port <= int(r.High); port++ {
			_, held := look.UDP[uint16(port)]
			d.free[port-d.low] = !held
		}
	}
	return d
}

// mates are the ports of the range that share a place with a port, which may lie outside.
func (d datagrams) mates(port int) []int {
	var all []int
	for at := ((port-d.low)%d.table + d.table) % d.table; at < len(d.free); at += d.table {
		all = append(all, at+d.low)
	}
	return all
}

// usable is how many of some ports are free, but for one.
func (d datagrams) usable(ports []int, but int) int {
	n := 0
	for _, p := range ports {
		if p != but && d.free[p-d.low] {
			n++
		}
	}
	return n
}

// share is the part of the picks that land on a port once it is free.
func (d datagrams) share(port int) float64 {
	if d.table == 0 {
		n := 1
		for at, free := range d.free {
			if free && at+d.low != port {
				n++
			}
		}
		return 1 / float64(n)
	}
	others := d.usable(d.mates(port), port)
	reached := 0.0
	for back := range d.table { // who starts so far below one of the mates
		starts := d.mates(port - back)
		if back > 0 && d.usable(starts, port) > 0 {
			break
		}
		for _, start := range starts {
			switch at := start + back; {
			case at == port:
				reached++
			case at-d.low < len(d.free) && d.free[at-d.low]: // another one's
			default:
				reached += 1 / float64(others+1)
			}
		}
	}
	return reached / float64(len(d.free))
}

// UDP is the chance for a UDP service, to which neither parity nor routes matter.
func (m *Model) UDP(port uint16, down time.Duration) Estimate {
	share := m.datagrams.share(int(port))
	most := m.datagrams
	if most.table == 0 {
		most.table = len(most.free) // the worst: whoever comes upon a block ends up right above it
	}
	chance := settled(share, m.udp.expected(down, m.period), float64(m.udp.all()))
	return Estimate{Chance: chance, Below: max(chance, anyOf(m.udp.atMost(down, m.period), max(share, most.share(int(port)))))}
}
