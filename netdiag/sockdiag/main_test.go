package sockdiag

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) {
	os.Exit(nstest.Main(m))
}

func dial(t testing.TB) *Conn {
	t.Helper()
	c, err := Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// The sockets of these tests are plain descriptors: package net hides too much of them.

func open(t testing.TB, family, kind, protocol int) int {
	t.Helper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EPROTONOSUPPORT) {
		t.Skipf("this kernel has no sockets of family %d, protocol %d: %v", family, protocol, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	// No test waits for a peer longer than this.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) }) // twice for what a test closes itself, which does no harm: EBADF
	return fd
}

func tcp4(t testing.TB) int { t.Helper(); return open(t, unix.AF_INET, unix.SOCK_STREAM, 0) }
func tcp6(t testing.TB) int { t.Helper(); return open(t, unix.AF_INET6, unix.SOCK_STREAM, 0) }
func udp4(t testing.TB) int { t.Helper(); return open(t, unix.AF_INET, unix.SOCK_DGRAM, 0) }
func mptcp4(t testing.TB) int {
	t.Helper()
	return open(t, unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
}

func sockaddr(address string) unix.Sockaddr {
	ap := netip.MustParseAddrPort(address)
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
}

// at is an address and port as bind, listen and connect take it.
func at(address string, port uint16) string {
	return netip.AddrPortFrom(netip.MustParseAddr(address), port).String()
}

func bind(t testing.TB, fd int, address string) int {
	t.Helper()
	if err := unix.Bind(fd, sockaddr(address)); err != nil {
		t.Fatalf("bind %s: %v", address, err)
	}
	return fd
}

func listen(t testing.TB, fd int, address string) int {
	t.Helper()
	if err := unix.Listen(bind(t, fd, address), 16); err != nil {
		t.Fatalf("listen %s: %v", address, err)
	}
	return fd
}

func connect(t testing.TB, fd int, address string) int {
	t.Helper()
	if err := unix.Connect(fd, sockaddr(address)); err != nil {
		t.Fatalf("connect %s: %v", address, err)
	}
	return fd
}

func accept(t testing.TB, listener int) int {
	t.Helper()
	fd, _, err := unix.Accept(listener)
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func closeNow(t testing.TB, fd int) {
	t.Helper()
	if err := unix.Close(fd); err != nil {
		t.Fatal(err)
	}
}

// connected is a connection from port client, which the kernel picks, to a listener on port server, both on loopback.
func connected(t testing.TB, client, server uint16) (clientFD, acceptedFD int) {
	t.Helper()
	clearRemains(t) // after the closes, which are registered later
	to := at("127.0.0.1", server)
	l := listen(t, reuseAddr(t, tcp4(t)), to)
	nstest.SetRange(t, client, client)
	clientFD = connect(t, tcp4(t), to)
	return clientFD, accept(t, l)
}

// clearRemains makes the test end without remains of its connections, so that it can run again at once (-count). On a
// kernel that cannot destroy them it does nothing.
func clearRemains(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		c, err := Dial()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		sockets, err := c.Dump(context.Background(), Query{Protocol: unix.IPPROTO_TCP})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sockets {
			if !s.Minisock() {
				continue
			}
			if err := c.Destroy(context.Background(), s); err != nil && !errors.Is(err, ErrUnsupported) {
				t.Errorf("remains: %v", err)
			}
		}
	})
}

func reuseAddr(t testing.TB, fd int) int {
	t.Helper()
	setOption(t, fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	return fd
}

func setOption(t testing.TB, fd, level, name, value int) {
	t.Helper()
	if err := unix.SetsockoptInt(fd, level, name, value); err != nil {
		t.Fatalf("setsockopt %d/%d: %v", level, name, err)
	}
}

func cookieOf(t testing.TB, fd int) uint64 {
	t.Helper()
	cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		t.Fatalf("SO_COOKIE: %v", err)
	}
	return cookie
}

func inodeOf(t testing.TB, fd int) uint32 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		t.Fatal(err)
	}
	return uint32(stat.Ino)
}

func port(p uint16) []PortRange { return []PortRange{{p, p}} }

func dump(t testing.TB, q Query) []Socket {
	t.Helper()
	sockets, err := dial(t).Dump(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return sockets
}

// one is the only socket that q finds.
func one(t testing.TB, q Query) Socket {
	t.Helper()
	sockets := dump(t, q)
	if len(sockets) != 1 {
		t.Fatalf("found %d sockets, want 1: %+v", len(sockets), sockets)
	}
	return sockets[0]
}

func tcpOn(p uint16) Query {
	return Query{Protocol: unix.IPPROTO_TCP, Ports: port(p), Info: true}
}

// eventually waits for what the kernel does a moment later than it answers.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

// needBoundInactive skips on kernels that do not list bound TCP sockets that neither listen nor are connected.
func needBoundInactive(t testing.TB) {
	t.Helper()
	bind(t, tcp4(t), "127.0.0.1:9")
	if len(dump(t, Query{Protocol: unix.IPPROTO_TCP, States: MaskOf(BoundInactive)})) == 0 {
		t.Skip("this kernel does not list bound, idle TCP sockets (needs Linux 6.8)")
	}
}
