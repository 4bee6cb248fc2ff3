package risk

import (
	"time"

	"portguard/netdiag/portrange"
)

// Model is a host's load, from which chances are told. New makes one.
type Model struct {
	period time.Duration
	width  int // ip_local_port_step_width

	first   lane // where connect() looks first
	connect flow
	quiet   march // of a route that holds next to nothing
	routes  []traffic

	second   lane // where bind() to port 0 looks first, and connect() when nothing is left of the first
	other    flow
	spilling []traffic // of routes that have used up the first

	udp       flow
	datagrams datagrams
}

// New compares two looks, a period apart, at a host with these settings.
func New(f portrange.Facts, before, after Look, period time.Duration) *Model {
	m := &Model{period: period, width: f.StepWidth}
	var second lane // as connect() sees it: a port of another route will do
	m.first, second = lanes(f.Range, f.Reserved, after.Bound)
	routes, beyond := map[Route]*traffic{}, map[Route]*traffic{}
	var used []uint16
	for p, h := range after.TCP {
		if !f.Range.Contains(p.Port) {
			continue // the range has been another
		}
		used = append(used, p.Port)
		earlier, known := before.TCP[p]
		fresh := !known || !h.follows(earlier)
		if _, ok := m.first.slot(p.Port); ok {
			m.connect.add(fresh, h.Remains)
			of(routes, p.Route).flow.add(fresh, h.Remains)
		} else if _, ok := second.slot(p.Port); ok {
			of(beyond, p.Route).flow.add(fresh, h.Remains)
		}
	}
	m.quiet.width = m.width
	m.quiet.settle(m.first)
	for route, t := range routes {
		if t.flow.allFresh() == 0 {
			continue
		}
		t.prepare(m.first, m.quiet)
		if b := beyond[route]; b != nil && t.hasAll() {
			delete(beyond, route)
			b.prepare(second, m.quiet)
			b.way.astray = true
			m.spilling = append(m.spilling, *b)
			t.flow.join(b.flow) // each of them looks here first
		}
		m.routes = append(m.routes, *t)
	}
	for _, t := range beyond { // bind() to port 0, as far as anybody can tell
		m.other.join(t.flow)
	}
	_, m.second = lanes(f.Range, f.Reserved, after.Bound, portrange.Of(used...))
	m.countUDP(f, before, after)
	return m
}

func (m *Model) countUDP(f portrange.Facts, before, after Look) {
	for port, cookie := range after.UDP {
		if f.Range.Contains(port) {
			earlier, known := before.UDP[port]
			m.udp.add(!known || earlier != cookie, false)
		}
	}
	m.datagrams = datagramsOf(f, after)
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
	share := m.second.scattered(slot)
	spilled := m.march(m.second, m.spilling, slot, down)
	return Estimate{
		Chance: either(spilled.Chance, settled(share, m.other.expected(down, m.period), float64(m.other.all()))),
		Below:  either(spilled.Below, anyOf(m.other.atMost(down, m.period), share)),
	}
}

func either(a, b float64) float64 { return 1 - (1-a)*(1-b) }

// march is the chance that any route gets a port of a lane.
func (m *Model) march(l lane, routes []traffic, slot int, down time.Duration) Estimate {
	all := m.connect
	if l.first != m.first.first {
		all = flow{}
		for _, t := range routes {
			all.join(t.flow)
		}
	}
	if all.allFresh() == 0 {
		if l.first != m.first.first {
			return Estimate{} // what the first lane has room for does not come here
		}
		return Estimate{Below: m.quiet.gets(l, slot, m.connect.atMost(down, m.period))}
	}
	spared, sparedAtMost := 1.0, 1.0
	for _, t := range routes {
		expected, atMost := t.expected(all, down, m.period)
		spared *= 1 - t.way.gets(l, slot, expected)
		sparedAtMost *= 1 - t.way.gets(l, slot, atMost)
	}
	return Estimate{Chance: 1 - spared, Below: 1 - min(spared, sparedAtMost)}
}
