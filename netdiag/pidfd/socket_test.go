package pidfd

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// tcp makes a TCP socket until the test ends.
func tcp(t *testing.T, family int) int {
	t.Helper()
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		t.Skipf("no such family in this kernel: %d", family)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) }) // one test closes early
	return fd
}

func TestFlags(t *testing.T) {
	fd := tcp(t, unix.AF_INET6)
	for _, tt := range []struct {
		name   string
		read   func(int) (bool, error)
		level  int
		option int
	}{
		{"SO_REUSEADDR", ReuseAddr, unix.SOL_SOCKET, unix.SO_REUSEADDR},
		{"SO_REUSEPORT", ReusePort, unix.SOL_SOCKET, unix.SO_REUSEPORT},
		{"IPV6_V6ONLY", V6Only, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
		{"IPV6_FREEBIND", func(fd int) (bool, error) { return FreeBind(fd, true) }, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND},
	} {
		for _, want := range []int{0, 1} {
			if err := unix.SetsockoptInt(fd, tt.level, tt.option, want); err != nil {
				t.Fatal(err)
			}
			if got, err := tt.read(fd); err != nil || got != (want == 1) {
				t.Errorf("%s set to %d reads %v, %v", tt.name, want, got, err)
			}
		}
		if _, err := tt.read(-1); !errors.Is(err, unix.EBADF) {
			t.Errorf("%s of no descriptor: %v", tt.name, err)
		}
	}
	four := tcp(t, unix.AF_INET)
	if err := unix.SetsockoptInt(four, unix.IPPROTO_IP, unix.IP_FREEBIND, 1); err != nil {
		t.Fatal(err)
	}
	if yes, err := FreeBind(four, false); err != nil || !yes {
		t.Errorf("IP_FREEBIND set to 1 reads %v, %v", yes, err)
	}
	if _, err := V6Only(tcp(t, unix.AF_INET)); err == nil {
		t.Error("an IPv4 socket has IPV6_V6ONLY")
	}
}

func TestInodeIsThatOfProc(t *testing.T) {
	fd := tcp(t, unix.AF_INET)
	inode, err := Inode(fd)
	if err != nil {
		t.Fatal(err)
	}
	link, err := os.Readlink(filepath.Join("/proc/self/fd", strconv.Itoa(fd)))
	if want := "socket:[" + strconv.Itoa(int(inode)) + "]"; err != nil || link != want {
		t.Errorf("%q, %v, want %q", link, err, want)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, err := Inode(int(null.Fd())); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("inode of a device: %v", err)
	}
}

func TestLocalAddr(t *testing.T) {
	for _, tt := range []struct {
		family int
		bind   unix.Sockaddr
		want   string
	}{
		{unix.AF_INET, nil, "0.0.0.0:0"},
		{unix.AF_INET, &unix.SockaddrInet4{Port: 30010, Addr: [4]byte{127, 0, 0, 1}}, "127.0.0.1:30010"},
		{unix.AF_INET6, &unix.SockaddrInet6{Port: 30010}, "[::]:30010"},
		{unix.AF_INET6, &unix.SockaddrInet6{Port: 30010, Addr: [16]byte{10: 255, 255, 127, 0, 0, 1}}, "[::ffff:127.0.0.1]:30010"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			fd := tcp(t, tt.family)
			if tt.bind != nil {
				if err := unix.Bind(fd, tt.bind); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := LocalAddr(fd); err != nil || got != netip.MustParseAddrPort(tt.want) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if _, err := LocalAddr(pair[0]); !errors.Is(err, unix.EAFNOSUPPORT) {
		t.Errorf("address of a unix socket: %v", err)
	}
}

// connected makes a connection from a port to a listener; bound says that the client names the port itself.
func connected(t *testing.T, port int, bound bool) (client, accepted int) {
	t.Helper()
	listener := tcp(t, unix.AF_INET)
	if err := errors.Join(
		SetReuseAddr(listener), // the remains of the last test
		unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 7000}),
		unix.Listen(listener, 1),
	); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(listener)
	client = tcp(t, unix.AF_INET)
	if bound {
		if err := unix.Bind(client, &unix.SockaddrInet4{Port: port}); err != nil {
			t.Fatal(err)
		}
	} else {
		nstest.SetRange(t, uint16(port), uint16(port))
	}
	if err := unix.Connect(client, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 7000}); err != nil {
		t.Fatal(err)
	}
	accepted, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(accepted) })
	return client, accepted
}

// serve binds every address as a service would, and lets go again.
func serve(t *testing.T, port int, reuse bool) error {
	t.Helper()
	fd := tcp(t, unix.AF_INET)
	defer unix.Close(fd)
	if reuse {
		if err := SetReuseAddr(fd); err != nil {
			t.Fatal(err)
		}
	}
	return unix.Bind(fd, &unix.SockaddrInet4{Port: port})
}

func TestSetReuseAddrLetsServiceBindBesideConnection(t *testing.T) {
	client, _ := connected(t, 30010, false)
	if err := serve(t, 30010, true); !errors.Is(err, unix.EADDRINUSE) {
		t.Fatalf("before: %v, want EADDRINUSE", err)
	}
	if err := SetReuseAddr(client); err != nil {
		t.Fatal(err)
	}
	if err := serve(t, 30010, true); err != nil {
		t.Errorf("after, with SO_REUSEADDR: %v", err)
	}
	if err := serve(t, 30010, false); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("after, without SO_REUSEADDR: %v, want EADDRINUSE", err)
	}
}

func TestDisconnectFreesPortThatKernelChose(t *testing.T) {
	client, accepted := connected(t, 30012, false)
	if err := Disconnect(client); err != nil {
		t.Fatal(err)
	}
	if err := serve(t, 30012, false); err != nil {
		t.Errorf("bind after: %v", err)
	}
	if _, err := unix.Read(accepted, make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the peer reads %v, want a reset", err)
	}
	if n, err := unix.Write(client, []byte("x")); !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EPIPE) {
		t.Errorf("the owner writes %d, %v", n, err)
	}
}

// A program's thread waits for an answer, as a pool's do most of the time.
func TestDisconnectWhileTheOwnerReads(t *testing.T) {
	client, _ := connected(t, 30016, false)
	read := make(chan error)
	go func() {
		_, err := unix.Read(client, make([]byte, 1))
		read <- err
	}()
	time.Sleep(20 * time.Millisecond) // it waits by then; if not, this is as easy as without it
	if err := Disconnect(client); err != nil {
		t.Fatal(err)
	}
	if err := serve(t, 30016, false); err != nil {
		t.Errorf("bind after: %v", err)
	}
	select {
	case err := <-read:
		t.Logf("the owner's read() ends: %v", err)
	case <-time.After(5 * time.Second):
		t.Error("the owner reads on")
	}
}

func TestDisconnectKeepsPortThatWasAskedFor(t *testing.T) {
	client, _ := connected(t, 30014, true)
	if err := Disconnect(client); err != nil {
		t.Fatal(err)
	}
	if err := serve(t, 30014, false); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("bind while the owner has it open: %v, want EADDRINUSE", err)
	}
	if err := unix.Close(client); err != nil {
		t.Fatal(err)
	}
	if err := serve(t, 30014, false); err != nil {
		t.Errorf("bind after it closed: %v", err)
	}
}
