package netdiag

import (
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// What the kernel's tables leave out, a duplicate of the socket tells: the same as they would.
func TestAskSocketKnowsABoundSocket(t *testing.T) {
	for _, tt := range []struct {
		addr   string
		v6only sockdiag.Tristate
	}{
		{"127.0.0.1", sockdiag.Unknown},
		{"0.0.0.0", sockdiag.Unknown},
		{"::", sockdiag.No},
		{"::1", sockdiag.Yes},
		{"::ffff:127.0.0.1", sockdiag.No},
	} {
		t.Run(tt.addr, func(t *testing.T) {
			o := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.MustParseAddr(tt.addr)}
			fd, err := o.Bind(31100)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			cookie, err := pidfd.Cookie(fd)
			if err != nil {
				t.Fatal(err)
			}
			s, ok := askSocket(placeOf(t, fd))
			if !ok {
				t.Fatal("not taken for a bound TCP socket")
			}
			if s.Local != netip.AddrPortFrom(o.Addr, 31100) || s.Cookie != cookie || s.V6Only != tt.v6only ||
				KindOf(s, Evidence{}) != Bound || s.Remote.Port() != 0 {
				t.Errorf("%+v, want cookie %d, ipv6only %v", s, cookie, tt.v6only)
			}
		})
	}
}

func TestAskSocketPassesOver(t *testing.T) {
	open := func(fd int, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	udp := holders.Options{Protocol: unix.IPPROTO_UDP, Addr: netip.IPv6Loopback()}
	for name, fd := range map[string]int{
		"a TCP socket without a port": open(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)),
		"a UDP socket":                open(udp.Bind(31110)),
		"a unix socket":               open(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)),
	} {
		if s, ok := askSocket(placeOf(t, fd)); ok {
			t.Errorf("%s is taken for %+v", name, s)
		}
	}
	at := placeOf(t, open(holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.IPv6Loopback()}.Bind(31111)))
	at.Inode++
	if s, ok := askSocket(at); ok {
		t.Errorf("a descriptor that has become another socket's is taken for %+v", s)
	}
}

func placeOf(t *testing.T, fd int) owner.Place {
	t.Helper()
	inode, err := pidfd.Inode(fd)
	if err != nil {
		t.Fatal(err)
	}
	return owner.Place{Inode: inode, PID: os.Getpid(), FD: fd}
}
