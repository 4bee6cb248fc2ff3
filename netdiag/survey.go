package netdiag

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
)

// Survey is every TCP and UDP socket of the network namespace at one moment, as far as a dump is one.
type Survey struct {
	tables *tables
}

// Survey lists all sockets. Where sock_diag had to be done without (see Degraded), which ports were asked for by number
// is not known: then every TCP listener counts as a service, and no UDP socket does.
func (p *Prober) Survey(ctx context.Context) (*Survey, error) {
	s := &Survey{tables: newTables()}
	var err error
	if s.tables.ephemeral, err = portrange.Ephemeral(); err != nil {
		return nil, err
	}
	for _, proto := range []Protocol{TCP, UDP} {
		all, err := p.listPieces(ctx, proto, nil)
		if err != nil {
			return nil, err
		}
		if p.degraded == nil {
			if err := p.markNamed(ctx, proto, s.tables); err != nil {
				return nil, err
			}
		}
		if proto == TCP && !acceptsAcrossVRFs() {
			s.tables.vrfs = vrfsOf(all...)
		}
		s.tables.expect(proto, all...)
		for _, sockets := range all {
			for _, socket := range sockets {
				if p.mine[socket.Cookie] && socket.Cookie != 0 {
					continue
				}
				if socket.Local.Port() != 0 {
					s.tables.add(proto, socket)
				}
			}
		}
	}
	s.tables.complete = p.listsBound(ctx)
	return s, nil
}

// markNamed asks which ports were asked for by number: few, and of the others none is told one by one. What turns into TIME_WAIT
// meanwhile counts as picked, as all TIME_WAIT does.
func (p *Prober) markNamed(ctx context.Context, proto Protocol, t *tables) error {
	named, err := p.diag.Dump(ctx, sockdiag.Query{Protocol: uint8(proto), Named: true})
	if err != nil {
		return err
	}
	t.otherAuto[proto] = sockdiag.Yes
	for _, o := range named {
		t.auto[idOf(o)] = sockdiag.No
	}
	return nil
}

func (s *Survey) named(o sockdiag.Socket) bool { return s.tables.autoOf(o) == sockdiag.No }

// Services are the sockets of one protocol that serve on a port which was asked for by number: TCP listeners, and UDP
// sockets that are not connected. The kernel picks another port for all others at their next start. Ordered by port.
func (s *Survey) Services(proto Protocol) []sockdiag.Socket {
	return s.of(proto, func(o sockdiag.Socket, kind Kind) bool {
		degraded := proto == TCP && s.tables.autoOf(o) == sockdiag.Unknown
		return kind == Listener && (s.named(o) || degraded)
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
	var ports []uint16
	for key := range s.tables.byPort {
		if key.protocol == proto {
			ports = append(ports, key.port)
		}
	}
	slices.Sort(ports)
	var some []sockdiag.Socket
	for _, port := range ports {
		before := len(some)
		for _, o := range s.tables.byPort[portKey{proto, port}] {
			if wanted(o, s.tables.kind(o)) {
				some = append(some, o)
			}
		}
		slices.SortFunc(some[before:], func(a, b sockdiag.Socket) int {
			return cmp.Or(a.Local.Compare(b.Local), a.Remote.Compare(b.Remote))
		})
	}
	return some
}

// Contested reports whether somebody may be in the way of an endpoint (see Prober.InTheWay). False is certain.
func (s *Survey) Contested(e Endpoint) bool {
	claim := e.Claims(uint32(unix.Geteuid()))[0]
	return !s.tables.complete || slices.ContainsFunc(s.tables.byPort[keyOf(e)], func(o sockdiag.Socket) bool {
		return Assess(claim, o, s.tables.flagsOf(o)) != sockdiag.No
	})
}

// VRF is the index of the VRF that has the port of a TCP socket, 0 for none.
func (s *Survey) VRF(o sockdiag.Socket) uint32 { return s.tables.vrfs[o.Interface] }

// Look is what the survey tells of the ports that the kernel has picked, of TCP in one VRF.
func (s *Survey) Look(vrf uint32) risk.Look {
	clients := s.Clients(TCP)
	look := risk.Look{TCP: make(map[risk.Pick]risk.Holding, len(clients)), UDP: map[uint16]uint64{}}
	for _, c := range clients {
		if !s.named(c) && s.VRF(c) == vrf {
			// A v4-mapped connection is an IPv4 one.
			route := risk.Route{From: c.Local.Addr().Unmap(), To: netip.AddrPortFrom(c.Remote.Addr().Unmap(), c.Remote.Port())}
			look.TCP[risk.Pick{Port: c.Local.Port(), Route: route}] = risk.Holding{Remains: s.tables.kind(c) == Remains, Cookie: c.Cookie}
		}
	}
	for _, c := range s.Clients(UDP) {
		if !s.named(c) {
			look.UDP[c.Local.Port()] = c.Cookie
		}
	}
	bound := map[Protocol][]uint16{}
	for key, all := range s.tables.byPort {
		for _, o := range all {
			if (o.State == sockdiag.Listen || s.named(o)) && (key.protocol == UDP || s.VRF(o) == vrf) {
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
