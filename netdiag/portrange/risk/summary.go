package risk

// Summary is the load as a person reads it.
type Summary struct {
	// Held are the TCP connections and TIME_WAIT records whose port the kernel picked from the range; New are those of
	// them that came during the period.
	Held, New int
	// Remains are those of Held that are closed: TIME_WAIT and FIN_WAIT2.
	Remains int
	// Second are those of Held on the ports that connect() takes last, and bind() to port 0 first.
	Second int
	// Routes are the pairs of local address and destination that New went to.
	Routes int
	// UDP are the UDP sockets that did not ask for their port.
	UDP, NewUDP int
	// First is how many ports of the range connect() takes first, reserved ones and those of services left out.
	First int
}

// Summary sums the load up.
func (m *Model) Summary() Summary {
	beyond := m.other
	for _, t := range m.spilling {
		beyond.join(t.flow)
	}
	return Summary{
		Held: m.connect.all() + beyond.all(), Remains: m.connect.remains + beyond.remains,
		New: m.connect.allFresh() + beyond.allFresh(), Second: beyond.all(), Routes: len(m.routes),
		UDP: m.udp.held, NewUDP: m.udp.fresh, First: m.first.count(),
	}
}
