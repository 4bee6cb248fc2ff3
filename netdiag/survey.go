package netdiag

import (
	"context"
	"net/netip"
	"slices"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
)

// Survey is every TCP and UDP socket of the network namespace at one moment, as far as a dump is one.
type Survey struct {
	tables *tables
	named  map[SocketID]bool // the port was asked for by number
}

// Survey lists all sockets. Where sock_diag had to be done without (see Degraded), which ports were asked for by number
// is not known: then every TCP listener counts as a service, and no UDP socket does.
func (p *Prober) Survey(ctx context.Context) (*Survey, error) {
	s := &Survey{tables: newTables(), named: map[SocketID]bool{}}
	var err error
	if s.tables.ephemeral, err = portrange.Ephemeral(); err != nil {
		return nil, err
	}
	for _, proto := range []Protocol{TCP, UDP} {
		all, err := p.list(ctx, proto, nil)
		if err != nil {
			return nil, err
		}
		if p.degraded == nil {
			if err := p.markNamed(ctx, proto, all, s); err != nil {
				return nil, err
			}
		}
		if proto == TCP && !acceptsAcrossVRFs() {
			s.tables.vrfs = vrfsOf(all)
		}
		s.tables.expect(proto, all)
		for _, socket := range all {
			if p.mine[socket.Cookie] && socket.Cookie != 0 {
				continue
			}
			if socket.Local.Port() != 0 {
				s.tables.add(proto, socket)
			}
		}
	}
	return s, nil
}

// markNamed asks which ports were picked by the kernel. A connection that turns into TIME_WAIT meanwhile gets another
// cookie, so connections are told by their two ends.
func (p *Prober) markNamed(ctx context.Context, proto Protocol, all []sockdiag.Socket, s *Survey) error {
	picked, err := p.diag.Dump(ctx, sockdiag.Query{Protocol: uint8(proto), Auto: true})
	if err != nil {
		return err
	}
	type ends struct{ local, remote netip.AddrPort }
	connections, cookies := map[ends]bool{}, map[uint64]bool{}
	for _, o := range picked {
		cookies[o.Cookie] = true
		if o.Remote.Port() != 0 {
			connections[ends{o.Local, o.Remote}] = true
		}
	}
	for _, o := range all {
		auto := sockdiag.Yes
		if !cookies[o.Cookie] && !connections[ends{o.Local, o.Remote}] {
			auto = sockdiag.No
			s.named[idOf(o)] = true
		}
		s.tables.auto[idOf(o)] = auto
	}
	return nil
}

// Services are the sockets of one protocol that serve on a port which was asked for by number: TCP listeners, and UDP
// sockets that are not connected. The kernel picks another port for all others at their next start. Ordered by port.
func (s *Survey) Services(proto Protocol) []sockdiag.Socket {
	return s.of(proto, func(o sockdiag.Socket, kind Kind) bool {
		degraded := proto == TCP && s.tables.auto[idOf(o)] == sockdiag.Unknown
		return kind == Listener && (s.named[idOf(o)] || degraded)
	})
}

// Clients are the outgoing connections of one protocol, on whatever port, and what is left of them. Ordered by port.
func (s *Survey) Clients(proto Protocol) []sockdiag.Socket {
	return s.of(proto, func(o sockdiag.Socket, kind Kind) bool {
		switch kind {
		case Client, BoundClient:
			return true
		case Remains, Closing:
			return !s.tables.evidence(o).ListenerBeside
		}
		return false
	})
}

func (s *Survey) of(proto Protocol, wanted func(sockdiag.Socket, Kind) bool) []sockdiag.Socket {
	var some []sockdiag.Socket
	for key, all := range s.tables.byPort {
		if key.protocol != proto {
			continue
		}
		for _, o := range all {
			if wanted(o, s.tables.kind(o)) {
				some = append(some, o)
			}
		}
	}
	slices.SortFunc(some, func(a, b sockdiag.Socket) int {
		if d := int(a.Local.Port()) - int(b.Local.Port()); d != 0 {
			return d
		}
		if d := a.Local.Compare(b.Local); d != 0 {
			return d
		}
		return a.Remote.Compare(b.Remote)
	})
	return some
}

// VRF is the index of the VRF that has the port of a TCP socket, 0 for none.
func (s *Survey) VRF(o sockdiag.Socket) uint32 { return s.tables.vrfs[o.Interface] }

// Look is what the survey tells of the ports that the kernel has picked, of TCP in one VRF.
func (s *Survey) Look(vrf uint32) risk.Look {
	look := risk.Look{TCP: map[risk.Pick]risk.Holding{}, UDP: map[uint16]uint64{}}
	for _, c := range s.Clients(TCP) {
		if !s.named[idOf(c)] && s.VRF(c) == vrf {
			// A v4-mapped connection is an IPv4 one.
			route := risk.Route{From: c.Local.Addr().Unmap(), To: netip.AddrPortFrom(c.Remote.Addr().Unmap(), c.Remote.Port())}
			look.TCP[risk.Pick{Port: c.Local.Port(), Route: route}] = risk.Holding{Remains: s.tables.kind(c) == Remains, Cookie: c.Cookie}
		}
	}
	for _, c := range s.Clients(UDP) {
		if !s.named[idOf(c)] {
			look.UDP[c.Local.Port()] = c.Cookie
		}
	}
	bound := map[Protocol][]uint16{}
	for key, all := range s.tables.byPort {
		for _, o := range all {
			if (o.State == sockdiag.Listen || s.named[idOf(o)]) && (key.protocol == UDP || s.VRF(o) == vrf) {
				bound[key.protocol] = append(bound[key.protocol], key.port)
				break
			}
		}
	}
	look.Bound, look.BoundUDP = portrange.Of(bound[TCP]...), portrange.Of(bound[UDP]...)
	return look
}

// Identify finds out who has these sockets of a survey open, in the order of the sockets.
func (p *Prober) Identify(ctx context.Context, s *Survey, sockets []sockdiag.Socket) []Holder {
	inodes := make([]uint32, len(sockets))
	for i, o := range sockets {
		inodes[i] = o.Inode
	}
	found, searched := p.scanner.Find(ctx, inodes)
	holders := make([]Holder, len(sockets))
	for i, o := range sockets {
		holders[i] = s.tables.holder(o, found, searched)
		holders[i].Certain = true
	}
	return holders
}
