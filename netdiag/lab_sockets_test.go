package netdiag_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
)

func setReuseAddr(t *testing.T, h *holders.Holder, on bool) {
	t.Helper()
	value := 0
	if on {
		value = 1
	}
	if err := unix.SetsockoptInt(h.FD, unix.SOL_SOCKET, unix.SO_REUSEADDR, value); err != nil {
		t.Fatal(err)
	}
}

// cookies are those of the holders that are open.
func cookies(t *testing.T, some []*holders.Holder) map[uint64]bool {
	t.Helper()
	all := map[uint64]bool{}
	for _, h := range some {
		c, err := unix.GetsockoptUint64(h.FD, unix.SOL_SOCKET, unix.SO_COOKIE)
		if err != nil {
			t.Fatal(err)
		}
		all[c] = true
	}
	return all
}

// named are the cookies of the holders found.
func named(f netdiag.Finding) map[uint64]bool {
	all := map[uint64]bool{}
	for _, h := range f.Holders {
		all[h.Socket.Cookie] = true
	}
	return all
}

func remotePort(t *testing.T, h *holders.Holder) uint16 {
	t.Helper()
	sa, err := unix.Getsockname(h.Peer)
	if err != nil {
		t.Fatal(err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port)
	case *unix.SockaddrInet6:
		return uint16(sa.Port)
	}
	t.Fatalf("unexpected %T", sa)
	return 0
}

// listenFD listens on a port that the kernel picks.
func listenFD(t *testing.T, addr string) (fd int, at unix.Sockaddr) {
	t.Helper()
	fd, err := options(addr).Bind(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	if at, err = unix.Getsockname(fd); err != nil {
		t.Fatal(err)
	}
	return fd, at
}
