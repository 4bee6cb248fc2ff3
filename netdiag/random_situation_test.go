package netdiag_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
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
	options holders.Options // the service's, but for what its endpoint says: the protocol, and whose it is
	tried   []holders.Spec
	device  uint32   // that the service binds to, 0 for none
	actors  []*actor // those of them that go together
	lacks   lacks
}

// actor is one of the sockets.
type actor struct {
	*holders.Holder
	claim  netdiag.Claim
	socket sockdiag.Socket // zero when it has lost its port
	server int             // what it was connected to afterwards, else -1
}

func (a *actor) String() string {
	return fmt.Sprintf("%s, as claim %+v, in the kernel's table %s %s -> %s uid %d",
		a.Spec, a.claim, a.socket.State, a.socket.Local, a.socket.Remote, a.socket.UID)
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
	s := &situation{lacks: l.lacks}
	t.Cleanup(func() {
		for _, a := range s.actors {
			if err := errors.Join(a.Close(), a.closeServer()); err != nil {
				t.Error(err)
			}
		}
	})
	protocol := pick(r, netdiag.TCP, netdiag.TCP, netdiag.TCP, netdiag.UDP)
	s.tried = randomSpecs(r, protocol)
	for _, spec := range s.tried {
		if l.lacks.leavesOut(spec) {
			continue
		}
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
	for ok := false; !ok; ok = !l.lacks.avoids(s.service) {
		s.service = randomService(r, protocol, l.port)
	}
	s.options.Protocol = int(protocol)
	s.options.Device, s.device = s.service.Device, index(t, s.service.Device)
	return s
}

// change does to the holder what programs do later on, and notes what came of it.
func (s *situation) change(t *testing.T, r *rand.Rand, h *holders.Holder) *actor {
	t.Helper()
	a := &actor{Holder: h, server: -1}
	if h.FD >= 0 && r.IntN(3) == 0 && !(h.ReuseAddr && s.lacks.stale) {
		h.ReuseAddr = !h.ReuseAddr
		setReuseAddr(t, h, h.ReuseAddr)
	}
	if h.Protocol == unix.IPPROTO_TCP && h.State == holders.Bound && h.Local.Addr() == netip.IPv6Unspecified() && r.IntN(2) == 0 {
		a.connectOverIPv6(t)
	}
	a.claim = netdiag.Claim{
		Addr: h.Local.Addr(), V6Only: h.V6Only, UID: uint32(h.UID), ReuseAddr: h.ReuseAddr, ReusePort: h.ReusePort,
		Listening: h.State == holders.Listen, Minisock: h.State.Minisock(), Device: index(t, h.Device),
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

// identify finds the actors in the kernel's tables: by cookie, or by their other end where no process has them. Older kernels
// leave out what is bound and idle: of that the actor itself is asked.
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
		var cookie uint64
		if a.FD >= 0 {
			cookie, err = unix.GetsockoptUint64(a.FD, unix.SOL_SOCKET, unix.SO_COOKIE)
			if err != nil {
				t.Fatal(err)
			}
			is = func(k sockdiag.Socket) bool { return k.Cookie == cookie }
		} else {
			remote := remotePort(t, a.Holder)
			is = func(k sockdiag.Socket) bool { return k.Local == a.Local && k.Remote.Port() == remote }
		}
		switch i := slices.IndexFunc(sockets, is); {
		case i < 0 && s.lacks.bound && a.bound():
			a.socket = sockdiag.Socket{State: sockdiag.Close, Local: a.Local, Cookie: cookie, UID: uint32(a.UID)}
		case i >= 0:
			a.socket = sockets[i]
			if a.FD < 0 {
				a.claim.UID = a.socket.UID // older kernels take what nobody has for root's
			}
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

// bound reports whether the actor holds its port without a connection and without listening.
func (a *actor) bound() bool {
	return a.Protocol == unix.IPPROTO_TCP && (a.State == holders.Bound || a.State == holders.Reset && a.Origin == holders.Named)
}

func (s *situation) claim() netdiag.Claim {
	c := s.service.Claims(uint32(s.options.UID))[0]
	c.Device = s.device
	return c
}

// index is that of a device, 0 for none.
func index(t *testing.T, name string) uint32 {
	t.Helper()
	if name == "" {
		return 0
	}
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(i.Index)
}

// conflicts is the rule's word on one actor.
func (s *situation) conflicts(a *actor) bool {
	return a.socket.Cookie != 0 && netdiag.Conflict(s.service.Protocol, s.claim(), a.claim)
}

// someShare: where only some of the sockets share the port with the service by SO_REUSEPORT, the kernel does not ask every
// one of them. Of UDP sockets the first that it comes to decides; of TCP sockets the last that was bound, even one that has
// gone since, lets the service in (fastreuseport of struct inet_bind_bucket).
func (s *situation) someShare() bool {
	shares := func(spec holders.Spec) bool { return spec.ReusePort && spec.UID == s.options.UID }
	return s.service.ReusePort && slices.ContainsFunc(s.tried, shares) &&
		slices.ContainsFunc(s.tried, func(spec holders.Spec) bool { return !shares(spec) })
}

// serve does what the service will do and undoes it.
func (s *situation) serve(t *testing.T) error {
	t.Helper()
	claim := s.claim()
	o := s.options
	o.Addr, o.V6Only, o.ReuseAddr, o.ReusePort = claim.Addr, s.service.V6Only && claim.V6Only, claim.ReuseAddr, claim.ReusePort
	o.FreeBind = s.service.FreeBind
	return serve(o, s.service.Port)
}
