package netdiag_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/sockdiag"
)

// situation is a port with sockets on it, and a service that wants it.
type situation struct {
	service netdiag.Endpoint
	options holders.Options // the service's
	actors  []*actor
}

// actor is one of the sockets.
type actor struct {
	*holders.Holder
	claim  netdiag.Claim
	socket sockdiag.Socket // zero when it has lost its port
	server int             // what it was connected to afterwards, else -1
}

func (a *actor) String() string {
	return fmt.Sprintf("%s, as claim %+v, in the kernel's table %s %s -> %s",
		a.Spec, a.claim, a.socket.State, a.socket.Local, a.socket.Remote)
}

// next goes to a fresh port, for tests that use many.
func (l *lab) next() {
	for ok := false; !ok; ok = fresh(l.port) {
		if l.port++; l.port > 32000 {
			l.port = 2000
		}
	}
}

// imagine makes up a situation on the lab's port.
func imagine(t *testing.T, r *rand.Rand, l *lab, diag *sockdiag.Conn) *situation {
	t.Helper()
	protocol := uint8(netdiag.TCP)
	if r.IntN(4) == 0 {
		protocol = uint8(netdiag.UDP)
	}
	// Where some have SO_REUSEPORT and some have not, more than the rule decides: of UDP sockets the one that the kernel
	// comes to first, of TCP sockets the last bind() (fastreuseport of struct inet_bind_bucket), as long as it holds.
	allReusePort := r.IntN(5) == 0

	s := &situation{}
	t.Cleanup(func() {
		for _, a := range s.actors {
			if err := errors.Join(a.Close(), a.closeServer()); err != nil {
				t.Error(err)
			}
		}
	})
	specs := make([]holders.Spec, 1+r.IntN(6))
	for i := range specs {
		specs[i] = randomSpec(r, protocol)
		specs[i].ReusePort = allReusePort
	}
	// A listener would get the connections that others are made of.
	slices.SortStableFunc(specs, func(a, b holders.Spec) int { return order(a) - order(b) })
	for _, spec := range specs {
		h, err := l.rig.Make(l.port, spec)
		if errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAGAIN) {
			continue // it does not go together with those before
		}
		if err != nil {
			t.Fatal(err)
		}
		s.actors = append(s.actors, s.change(t, r, h))
	}
	s.identify(t, l.port, diag)

	s.options = holders.Options{Protocol: int(protocol)}
	s.service = randomService(r, netdiag.Protocol(protocol), l.port)
	s.service.ReusePort = r.IntN(3) == 0
	return s
}

func order(s holders.Spec) int {
	switch s.State {
	case holders.Listen:
		return 2
	case holders.Bound:
		return 1 // keeps connect() off the port
	}
	return 0
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomSpec(r *rand.Rand, protocol uint8) holders.Spec {
	s := holders.Spec{
		State:  pick(r, append([]holders.State{holders.Bound, holders.Listen, holders.Established, holders.Established}, connectionStates...)...),
		Origin: pick(r, holders.Named, holders.Picked, holders.Picked, holders.AcceptedWildcard, holders.AcceptedSpecific),
	}
	if protocol == uint8(netdiag.UDP) {
		s.State = pick(r, holders.Bound, holders.Established)
	}
	if s.State == holders.TimeWait {
		s.State = holders.FinWait2Orphan // made to TIME_WAIT later, when its other end is known
	}
	bindOnly := s.State == holders.Bound || s.State == holders.Listen
	if accepted := s.Origin != holders.Named && s.Origin != holders.Picked; accepted &&
		(bindOnly || s.State == holders.SynSent || protocol == uint8(netdiag.UDP)) {
		s.Origin = holders.Named
	}
	addrs := own()
	if bindOnly {
		addrs = bindable()
		if protocol == uint8(netdiag.UDP) && s.Origin == holders.Picked {
			addrs = addresses("0.0.0.0", "::")
		}
	}
	s.Options = pick(r, addrs...)
	s.Protocol = int(protocol)
	s.ReuseAddr = r.IntN(2) == 0
	return s
}

func randomService(r *rand.Rand, protocol netdiag.Protocol, port uint16) netdiag.Endpoint {
	e := netdiag.Endpoint{Protocol: protocol, Port: port}
	if r.IntN(3) > 0 {
		o := pick(r, bindable()...)
		e.Addr, e.V6Only = o.Addr, o.V6Only
	}
	e.ReuseAddr = pick(r, netdiag.ReuseNotSaid, netdiag.ReuseYes, netdiag.ReuseNo)
	return e
}

// change does to the holder what programs do later on, and notes what came of it.
func (s *situation) change(t *testing.T, r *rand.Rand, h *holders.Holder) *actor {
	t.Helper()
	a := &actor{Holder: h, server: -1}
	if h.FD >= 0 && r.IntN(3) == 0 {
		h.ReuseAddr = !h.ReuseAddr
		setReuseAddr(t, h, h.ReuseAddr)
	}
	if h.Protocol == unix.IPPROTO_TCP && h.State == holders.Bound && h.Local.Addr() == netip.IPv6Unspecified() && r.IntN(2) == 0 {
		a.connectOverIPv6(t)
	}
	a.claim = netdiag.Claim{
		Addr: h.Local.Addr(), V6Only: h.V6Only, ReuseAddr: h.ReuseAddr, ReusePort: h.ReusePort,
		Listening: h.State == holders.Listen, Minisock: h.State.Minisock(),
	}
	return a
}

// connectOverIPv6 makes a client of a socket that was bound to every address.
func (a *actor) connectOverIPv6(t *testing.T) {
	t.Helper()
	server, at := listenFD(t, "fd99::1")
	a.server = server
	if err := unix.Connect(a.FD, at); err != nil {
		t.Fatal(err)
	}
	a.State = holders.Established
	a.Local = netip.AddrPortFrom(options("fd99::1").Addr, a.Local.Port())
}

func (a *actor) closeServer() error {
	if a.server < 0 {
		return nil
	}
	defer func() { a.server = -1 }()
	return unix.Close(a.server)
}

// identify finds the actors in the kernel's tables: by cookie, or by their other end where no process has them.
func (s *situation) identify(t *testing.T, port uint16, diag *sockdiag.Conn) {
	t.Helper()
	if len(s.actors) == 0 {
		return
	}
	sockets, err := diag.Dump(context.Background(), sockdiag.Query{
		Protocol: uint8(s.actors[0].Protocol), Ports: []sockdiag.PortRange{{First: port, Last: port}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range s.actors {
		var is func(sockdiag.Socket) bool
		if a.FD >= 0 {
			cookie, err := unix.GetsockoptUint64(a.FD, unix.SOL_SOCKET, unix.SO_COOKIE)
			if err != nil {
				t.Fatal(err)
			}
			is = func(k sockdiag.Socket) bool { return k.Cookie == cookie }
		} else {
			remote := remotePort(t, a.Holder)
			is = func(k sockdiag.Socket) bool { return k.Local == a.Local && k.Remote.Port() == remote }
		}
		switch i := slices.IndexFunc(sockets, is); {
		case i >= 0:
			a.socket = sockets[i]
		case a.State != holders.Reset || a.Origin == holders.Named:
			t.Fatalf("not in the kernel's tables: %s", a)
		}
		if a.State == holders.FinWait2Orphan && a.socket.Cookie%2 == 0 {
			if err := a.ClosePeer(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// conflicts is the rule's word on one actor.
func (s *situation) conflicts(a *actor) bool {
	return a.socket.Cookie != 0 && netdiag.Conflict(s.service.Protocol, s.service.Claims(0)[0], a.claim)
}

// serve does what the service will do and undoes it.
func (s *situation) serve(t *testing.T) error {
	t.Helper()
	claim := s.service.Claims(0)[0]
	o := s.options
	o.Addr, o.V6Only, o.ReuseAddr, o.ReusePort = claim.Addr, s.service.V6Only && claim.V6Only, claim.ReuseAddr, claim.ReusePort
	return serve(o, s.service.Port)
}
