package netdiag

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"slices"

	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/sockdiag"
)

// tables is what the kernel's socket tables have on the ports asked about, and what more was learnt of each socket.
type tables struct {
	byPort    map[portKey][]sockdiag.Socket
	listening map[portKey]bool
	auto      map[SocketID]sockdiag.Tristate
	otherAuto map[Protocol]sockdiag.Tristate // of the sockets that auto has not
	flags     map[SocketID]Flags             // of the sockets that were asked
	cgroups   map[uint64]string              // path by id
	ephemeral portrange.Range
	partial   bool // there may be TCP sockets beside these
	complete  bool // nothing is missing, portguard's own included
	own       []sockdiag.Socket
	vrfs      map[uint32]uint32 // by device, of TCP sockets
	devices   map[uint32]string // names that were asked for
	kept      map[SocketID]sockdiag.Tristate
	hooks     map[hookKey]bool
	mptcp     mptcpSockets
	// smcUnasked: there are SMC sockets, and the kernel could not be asked for them.
	smcUnasked bool
}

func newTables() *tables {
	return &tables{
		byPort: map[portKey][]sockdiag.Socket{}, listening: map[portKey]bool{},
		auto: map[SocketID]sockdiag.Tristate{}, otherAuto: map[Protocol]sockdiag.Tristate{},
		flags:   map[SocketID]Flags{},
		cgroups: map[uint64]string{},
		devices: map[uint32]string{},
		kept:    map[SocketID]sockdiag.Tristate{},
		hooks:   map[hookKey]bool{},
	}
}

// SocketID tells one socket from all others: by its cookie or, where /proc had to do, by what else it has.
type SocketID struct {
	cookie        uint64
	inode         uint32
	local, remote netip.AddrPort
}

func idOf(s sockdiag.Socket) SocketID {
	if s.Cookie != 0 {
		return SocketID{cookie: s.Cookie}
	}
	return SocketID{inode: s.Inode, local: s.Local, remote: s.Remote}
}

type portKey struct {
	protocol Protocol
	port     uint16
}

func keyOf(e Endpoint) portKey { return portKey{e.Protocol, e.Port} }

// tables lists every socket on the ports of the findings in every state, but for those that are ours.
func (p *Prober) tables(ctx context.Context, findings []*Finding) (*tables, error) {
	t := newTables()
	for _, proto := range []Protocol{TCP, UDP} {
		ports := portsOf(findings, proto)
		if len(ports) == 0 {
			continue
		}
		var sockets []sockdiag.Socket
		var err error
		if proto == TCP {
			sockets, t.partial, err = p.listTCP(ctx, ports)
			t.complete = p.bound == sockdiag.Yes && p.degraded == nil
			t.vrfs = vrfsOf(sockets)
		} else {
			sockets, err = p.list(ctx, proto, ports)
		}
		if err != nil {
			return nil, err
		}
		t.expect(proto, sockets)
		for _, s := range sockets {
			if p.mine[s.Cookie] {
				t.own = append(t.own, s)
			} else {
				t.add(proto, s)
			}
		}
	}
	for _, f := range findings {
		f.Trial.Claim.VRF = servicesVRF(f.Trial.Claim)
	}
	// Without the range a client is told from an accepted socket by what its connection says alone.
	t.ephemeral, _ = portrange.Ephemeral()
	return t, nil
}

// expect makes room for these sockets: there may be thousands on one port.
func (t *tables) expect(proto Protocol, pieces ...[]sockdiag.Socket) {
	n := map[uint16]int{}
	for _, sockets := range pieces {
		for i := range sockets {
			n[sockets[i].Local.Port()]++
		}
	}
	for port, n := range n {
		t.byPort[portKey{proto, port}] = make([]sockdiag.Socket, 0, n)
	}
}

func (t *tables) add(proto Protocol, s sockdiag.Socket) {
	key := portKey{proto, s.Local.Port()}
	t.byPort[key] = append(t.byPort[key], s)
	if s.State == sockdiag.Listen {
		t.listening[key] = true
	}
}

// list asks sock_diag and, where that is forbidden or missing, /proc. nil is every port.
func (p *Prober) list(ctx context.Context, proto Protocol, ports []sockdiag.PortRange) ([]sockdiag.Socket, error) {
	pieces, err := p.listPieces(ctx, proto, ports)
	return slices.Concat(pieces...), err
}

// listPieces is list for callers that expect many.
func (p *Prober) listPieces(ctx context.Context, proto Protocol, ports []sockdiag.PortRange) ([][]sockdiag.Socket, error) {
	diag, err := p.Diag()
	if err == nil {
		var pieces [][]sockdiag.Socket
		pieces, err = diag.Pieces(ctx, sockdiag.Query{
			Protocol: uint8(proto), States: sockdiag.AllStates, Ports: ports, Info: proto == TCP,
		})
		if err == nil {
			return pieces, nil
		}
	}
	if !errors.Is(err, sockdiag.ErrUnsupported) {
		return nil, err
	}
	var wanted map[uint16]bool
	for _, r := range ports {
		if wanted == nil {
			wanted = map[uint16]bool{}
		}
		wanted[r.First] = true
	}
	sockets, perr := procSockets(proto, wanted)
	if perr != nil {
		return nil, errors.Join(err, perr)
	}
	p.degraded = err
	return [][]sockdiag.Socket{sockets}, nil
}

func portsOf(findings []*Finding, proto Protocol) []sockdiag.PortRange {
	return PortRanges(func(yield func(Endpoint) bool) {
		for _, f := range findings {
			if f.Endpoint.Protocol == proto && !yield(f.Endpoint) {
				return
			}
		}
	})
}

// candidates are the sockets on the endpoint's port that conflict, as far as their flags are known.
func (t *tables) candidates(f *Finding) iter.Seq[sockdiag.Socket] {
	return func(yield func(sockdiag.Socket) bool) {
		for _, s := range t.byPort[keyOf(f.Endpoint)] {
			if Assess(f.Trial.Claim, s, t.flagsOf(s)) != sockdiag.No && !yield(s) {
				return
			}
		}
	}
}

// flagsOf is what the socket itself was asked for, or else what its record tells.
func (t *tables) flagsOf(s sockdiag.Socket) Flags {
	f, asked := t.flags[idOf(s)]
	if !asked {
		f = Flags{V6Only: v6Only(s)}
	}
	if Protocol(s.Protocol) == TCP && s.Interface != 0 {
		f.VRF, f.Kept = t.vrfs[s.Interface], t.kept[idOf(s)]
	}
	return f
}

// markAuto finds out which of the candidates did not name their port in a bind(), where that tells anything: of sockets
// that have an owner and do not listen. Where the search for the owners has not told, the kernel is asked: it is a filter of
// the dump, not an attribute, so it is a dump more.
func (p *Prober) markAuto(ctx context.Context, findings []*Finding, found owner.Result, t *tables) error {
	if p.degraded != nil {
		return nil
	}
	for _, proto := range []Protocol{TCP, UDP} {
		var asked []*Finding
		var states sockdiag.States
		for _, f := range findings {
			if f.Endpoint.Protocol != proto {
				continue
			}
			for s := range t.candidates(f) {
				if s.Inode == 0 || s.State == sockdiag.Listen || proto == TCP && s.State == sockdiag.Close {
					continue
				}
				if named, known := found.Named[s.Inode]; known && s.ULP != "mptcp" {
					t.auto[idOf(s)] = tristate(!named)
					continue
				}
				if len(asked) == 0 || asked[len(asked)-1] != f {
					asked = append(asked, f)
				}
				states |= sockdiag.MaskOf(s.State)
				t.auto[idOf(s)] = sockdiag.Yes
			}
		}
		if len(asked) == 0 {
			continue
		}
		sockets, err := p.diag.Dump(ctx, sockdiag.Query{
			Protocol: uint8(proto), States: states, Ports: portsOf(asked, proto), Named: true,
		})
		if err != nil {
			return err
		}
		for _, s := range sockets {
			if t.auto[idOf(s)] == sockdiag.Yes {
				t.auto[idOf(s)] = sockdiag.No
			}
		}
	}
	return nil
}

// autoOf is whether nobody asked for the socket's port by number.
func (t *tables) autoOf(s sockdiag.Socket) sockdiag.Tristate {
	if auto, known := t.auto[idOf(s)]; known {
		return auto
	}
	return t.otherAuto[Protocol(s.Protocol)]
}

func (t *tables) evidence(s sockdiag.Socket) Evidence {
	key := portKey{Protocol(s.Protocol), s.Local.Port()}
	return Evidence{
		Auto:             t.autoOf(s),
		InEphemeralRange: t.ephemeral.Contains(s.Local.Port()),
		ListenerBeside:   t.listening[key],
	}
}

func (t *tables) kind(s sockdiag.Socket) Kind { return KindOf(s, t.evidence(s)) }

// deviceOf is the name of the device that a socket is bound to.
func (t *tables) deviceOf(s sockdiag.Socket) string {
	name, known := t.devices[s.Interface]
	if !known && s.Interface != 0 {
		name = DeviceName(s.Interface)
		t.devices[s.Interface] = name
	}
	return name
}
