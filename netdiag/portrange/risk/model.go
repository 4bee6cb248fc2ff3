package risk

import (
	"math"
	"time"

	"portguard/netdiag/portrange"
)

// Model is a host's load, from which chances are told. New makes one.
type Model struct {
	period time.Duration

	first      lane // where connect() looks first
	firstTotal float64
	connect    flow
	routes     []traffic

	second      lane // where bind() to port 0 looks first, and connect() when nothing is left of the first
	other       flow
	secondTotal float64

	udp     flow
	udpFree int
}

// traffic is what one route does.
type traffic struct {
	fresh int
	held  map[int]bool // slots of the first lane, none of which it can have twice
	total float64      // weight of the others
}

// New compares two looks, a period apart, at a host with this range and these reserved ports.
func New(r portrange.Range, reserved portrange.Set, before, after Look, period time.Duration) *Model {
	m := &Model{period: period}
	m.first, _ = lanes(r, reserved, after.Bound)
	m.firstTotal = m.first.total(marching, nil)
	routes := map[Route]*traffic{}
	var used []uint16
	for p, remains := range after.TCP {
		if !r.Contains(p.Port) {
			continue // the range has been another
		}
		used = append(used, p.Port)
		_, old := before.TCP[p]
		slot, ok := m.first.slot(p.Port)
		if !ok {
			m.other.add(!old, remains)
			continue
		}
		m.connect.add(!old, remains)
		t := routes[p.Route]
		if t == nil {
			t = &traffic{held: map[int]bool{}}
			routes[p.Route] = t
		}
		t.held[slot] = true
		if !old {
			t.fresh++
		}
	}
	for _, t := range routes {
		if t.fresh > 0 {
			t.total = m.first.total(marching, t.held)
			m.routes = append(m.routes, *t)
		}
	}
	_, m.second = lanes(r, reserved, after.Bound, portrange.Of(used...))
	m.secondTotal = m.second.total(scattered, nil)
	m.countUDP(r, reserved, before, after)
	return m
}

func (m *Model) countUDP(r portrange.Range, reserved portrange.Set, before, after Look) {
	var held []uint16
	for port := range after.UDP {
		if !r.Contains(port) {
			continue
		}
		held = append(held, port)
		_, old := before.UDP[port]
		m.udp.add(!old, false)
	}
	whole := portrange.Set{r}
	m.udpFree = whole.Minus(reserved).Minus(after.BoundUDP).Minus(portrange.Of(held...)).Len()
}

// TCP is the chance that a TCP service on a port of the range, not reserved, finds the port taken when it comes back
// after down. What it had accepted is taken to be gone.
func (m *Model) TCP(port uint16, down time.Duration) Estimate {
	if slot, ok := m.first.slot(port); ok {
		return m.march(slot, down)
	}
	slot, ok := m.second.slot(port)
	if !ok {
		return Estimate{}
	}
	share := m.second.share(slot, scattered, m.secondTotal, nil)
	return Estimate{Chance: anyOf(m.other.expected(down, m.period), share), Below: anyOf(m.other.atMost(down, m.period), share)}
}

// march is the chance that any route gets a port of the first lane.
func (m *Model) march(slot int, down time.Duration) Estimate {
	expected, atMost := m.connect.expected(down, m.period), m.connect.atMost(down, m.period)
	if m.connect.allFresh() == 0 {
		return Estimate{Below: anyOf(atMost, m.first.share(slot, marching, m.firstTotal, nil))}
	}
	spared, sparedAtMost := 1.0, 1.0
	for i := range m.routes {
		t := &m.routes[i]
		part := float64(t.fresh) / float64(m.connect.allFresh())
		// One route goes through the ports in turn, so its picks exclude each other.
		share := m.first.share(slot, marching, t.total, t.held) / crowding(float64(len(t.held))/float64(len(m.first.free)))
		spared *= 1 - min(1, expected*part*share)
		sparedAtMost *= 1 - min(1, atMost*part*share)
	}
	return Estimate{Chance: 1 - spared, Below: 1 - sparedAtMost}
}

// crowding is how much more of the ports are free where a route looks next than elsewhere, when it has this part of all:
// it goes through them in turn, and since it was there last, a whole lap ago, connections have ended. Behind it all is
// still taken. A pick passes 9/2 ports on average; in a steady state the part that is free ahead follows from that.
func crowding(part float64) float64 {
	const picked = 2.0 / 9
	if part <= 0 {
		return 1
	}
	ahead := 1 - picked/math.Expm1(picked/part)
	return min(2, ahead/max(1-part, 1e-9)) // 2 is what it comes to when next to nothing is free
}

// UDP is the chance for a UDP service, to which neither parity nor routes matter.
func (m *Model) UDP(down time.Duration) Estimate {
	share := 1 / math.Max(1, float64(m.udpFree+1))
	return Estimate{Chance: anyOf(m.udp.expected(down, m.period), share), Below: anyOf(m.udp.atMost(down, m.period), share)}
}
