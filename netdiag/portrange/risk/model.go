package risk

import (
	"math"
	"time"

	"portguard/netdiag/portrange"
)

// Model is a host's load, from which chances are told. New makes one.
type Model struct {
	period time.Duration
	width  int // ip_local_port_step_width

	first      lane // where connect() looks first
	firstTotal float64
	connect    flow
	routes     []traffic

	second      lane // where bind() to port 0 looks first, and connect() when nothing is left of the first
	other       flow
	secondTotal float64
	spilling    []traffic // of routes that have used up the first

	udp     flow
	udpFree int
}

// New compares two looks, a period apart, at a host with these settings.
func New(f portrange.Facts, before, after Look, period time.Duration) *Model {
	m := &Model{period: period, width: f.StepWidth}
	var second lane // as connect() sees it: a port of another route will do
	m.first, second = lanes(f.Range, f.Reserved, after.Bound)
	m.firstTotal = m.first.total(marching, nil)
	routes, beyond := map[Route]*traffic{}, map[Route]*traffic{}
	var used []uint16
	for p, h := range after.TCP {
		if !f.Range.Contains(p.Port) {
			continue // the range has been another
		}
		used = append(used, p.Port)
		earlier, known := before.TCP[p]
		fresh := !known || !h.follows(earlier)
		if slot, ok := m.first.slot(p.Port); ok {
			m.connect.add(fresh, h.Remains)
			of(routes, p.Route).add(slot, fresh, h.Remains)
		} else if slot, ok := second.slot(p.Port); ok {
			of(beyond, p.Route).add(slot, fresh, h.Remains)
		}
	}
	for route, t := range routes {
		if t.flow.allFresh() > 0 {
			t.prepare(m.first)
			m.routes = append(m.routes, *t)
		}
		if b := beyond[route]; b != nil && t.hasAll(m.first) {
			delete(beyond, route)
			b.prepare(second)
			m.spilling = append(m.spilling, *b)
		}
	}
	for _, t := range beyond { // bind() to port 0, as far as anybody can tell
		m.other.join(t.flow)
	}
	_, m.second = lanes(f.Range, f.Reserved, after.Bound, portrange.Of(used...))
	m.secondTotal = m.second.total(scattered, nil)
	m.countUDP(f, before, after)
	return m
}

func (m *Model) countUDP(f portrange.Facts, before, after Look) {
	var held []uint16
	for port, cookie := range after.UDP {
		if !f.Range.Contains(port) {
			continue
		}
		held = append(held, port)
		earlier, known := before.UDP[port]
		m.udp.add(!known || earlier != cookie, false)
	}
	whole := portrange.Set{f.Range}
	m.udpFree = whole.Minus(f.Reserved).Minus(after.BoundUDP).Minus(portrange.Of(held...)).Len()
}

// TCP is the chance that a TCP service on a port of the range, not reserved, finds the port taken when it comes back
// after down. What it had accepted is taken to be gone.
func (m *Model) TCP(port uint16, down time.Duration) Estimate {
	if slot, ok := m.first.slot(port); ok {
		return m.march(m.first, m.routes, slot, down)
	}
	slot, ok := m.second.slot(port)
	if !ok {
		return Estimate{}
	}
	share := m.second.share(slot, scattered, m.secondTotal, nil)
	spilled := m.march(m.second, m.spilling, slot, down)
	return Estimate{
		Chance: either(spilled.Chance, settled(share, m.other.expected(down, m.period), float64(m.other.all()))),
		Below:  either(spilled.Below, anyOf(m.other.atMost(down, m.period), share)),
	}
}

func either(a, b float64) float64 { return 1 - (1-a)*(1-b) }

// march is the chance that any route gets a port of a lane.
func (m *Model) march(l lane, routes []traffic, slot int, down time.Duration) Estimate {
	var all flow
	for i := range routes {
		all.join(routes[i].flow)
	}
	if all.allFresh() == 0 {
		if l.first != m.first.first {
			return Estimate{} // what the first lane has room for does not come here
		}
		return Estimate{Below: anyOf(m.connect.atMost(down, m.period), m.share(l, slot, nil, m.firstTotal))}
	}
	spared, sparedAtMost := 1.0, 1.0
	for i := range routes {
		t := &routes[i]
		expected, atMost := t.expected(all, down, m.period)
		share := m.share(l, slot, t.held, t.total)
		spared *= 1 - t.gets(share, expected, m.width > 0)
		sparedAtMost *= 1 - t.gets(share, atMost, m.width > 0)
	}
	return Estimate{Chance: 1 - spared, Below: 1 - min(spared, sparedAtMost)}
}

// share is the part of connect()'s picks that land on a slot once it is free. total is the weight of the usable ones.
func (m *Model) share(l lane, slot int, mine map[int]bool, total float64) float64 {
	if m.width > 0 {
		return l.leaping(slot, m.width, mine)
	}
	return l.share(slot, marching, total, mine)
}

// UDP is the chance for a UDP service, to which neither parity nor routes matter.
func (m *Model) UDP(down time.Duration) Estimate {
	share := 1 / math.Max(1, float64(m.udpFree+1))
	return Estimate{Chance: settled(share, m.udp.expected(down, m.period), float64(m.udp.all())), Below: anyOf(m.udp.atMost(down, m.period), share)}
}
