package netdiag

import (
	"errors"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
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
			u, ok, err := askSocket(placeOf(t, fd), map[uint16]bool{31100: true})
			s := u.socket
			if !ok || err != nil {
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
	const port = 31110
	loopback := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.IPv6Loopback()}
	udp := loopback
	udp.Protocol = unix.IPPROTO_UDP
	listener := open(loopback.Bind(port + 1))
	if err := unix.Listen(listener, 1); err != nil {
		t.Fatal(err)
	}
	changed := placeOf(t, open(loopback.Bind(port+2)))
	changed.Inode++
	closed := changed
	closed.FD = 1 << 20
	wanted := map[uint16]bool{0: true, port: true, port + 1: true, port + 2: true}
	for name, at := range map[string]owner.Place{
		"a UDP socket":                      placeOf(t, open(udp.Bind(port))),
		"a unix socket":                     placeOf(t, open(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))),
		"a socket on another port":          placeOf(t, open(loopback.Bind(port+3))),
		"a listener":                        placeOf(t, listener),
		"a socket of another net namespace": placeOf(t, open(elsewhere(t, loopback, port))),
	} {
		if u, ok, err := askSocket(at, wanted); ok || err != nil {
			t.Errorf("%s is taken for %+v, %v", name, u, err)
		}
	}
	for name, at := range map[string]owner.Place{
		"a descriptor of another by now": changed,
		"a descriptor that is closed":    closed,
		"a process that has ended":       {PID: 1 << 29, FD: 3},
	} {
		if u, ok, err := askSocket(at, wanted); ok || !errors.Is(err, ErrChanged) {
			t.Errorf("%s is taken for %+v, %v", name, u, err)
		}
	}
}

// elsewhere binds a socket in a network namespace of its own.
func elsewhere(t *testing.T, o holders.Options, port uint16) (fd int, err error) {
	t.Helper()
	made := make(chan struct{})
	go func() {
		defer close(made)
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			o.Addr = netip.IPv6Unspecified() // loopback is down there
			fd, err = o.Bind(port)
		}
	}()
	<-made
	return fd, err
}

// A socket says which port it had long after that is gone. Beside another holder of the same address it is believed only
// when the two can be there together.
func TestUnlistedHoldsItsPort(t *testing.T) {
	rig := holders.New(t)
	spec := func(state holders.State, origin holders.Origin, reuse bool) holders.Spec {
		return holders.Spec{State: state, Origin: origin, Options: holders.Options{
			Protocol: unix.IPPROTO_TCP, Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1}), ReuseAddr: reuse,
		}}
	}
	everyAddress := spec(holders.Bound, holders.Named, true)
	everyAddress.Addr = netip.IPv4Unspecified()
	client := spec(holders.Established, holders.Picked, false)
	sharing := spec(holders.Established, holders.Picked, true)
	for i, tt := range []struct {
		name   string
		socket holders.Spec
		other  []holders.Spec // made first
		want   sockdiag.Tristate
	}{
		{"bound", spec(holders.Bound, holders.Named, false), nil, sockdiag.Yes},
		{"bound to every address", everyAddress, nil, sockdiag.Yes},
		{"bound, and reset when it was connected", spec(holders.Reset, holders.Named, false), nil, sockdiag.Yes},
		{"reset", spec(holders.Reset, holders.Picked, false), nil, sockdiag.No},
		{"reset, beside a client", spec(holders.Reset, holders.Picked, false), []holders.Spec{client}, sockdiag.No},
		{"reset, beside a client, both with SO_REUSEADDR", spec(holders.Reset, holders.Picked, true), []holders.Spec{sharing}, sockdiag.Unknown},
		{"bound beside a client, both with SO_REUSEADDR", spec(holders.Bound, holders.Named, true), []holders.Spec{sharing}, sockdiag.Yes},
		{"bound to every address beside a client", everyAddress, []holders.Spec{sharing}, sockdiag.Yes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(31120 + i)
			var others []sockdiag.Socket
			for _, o := range tt.other {
				others = append(others, record(t, rig.Hold(t, port, o).FD))
			}
			s := rig.Hold(t, port, tt.socket)
			u, ok, err := askSocket(placeOf(t, s.FD), map[uint16]bool{port: true})
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			if got := u.holds(others, nil); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		const port = 31140
		nstest.SetRange(t, port, port)
		fd, err := client.Options.Socket()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}}); err != unix.ECONNREFUSED {
			t.Fatal(err)
		}
		u, ok, err := askSocket(placeOf(t, fd), map[uint16]bool{port: true})
		if !ok || err != nil || u.holds(nil, nil) != sockdiag.No {
			t.Errorf("%v, %v, holds its port: %v", ok, err, u.holds(nil, nil))
		}
	})
}

// Of two that have been connected to the same address, and reset, one may hold it.
func TestStillBoundAmongThoseThatWereReset(t *testing.T) {
	rig := holders.New(t)
	loopback := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	reuseAddr, reusePort := loopback, loopback
	reuseAddr.ReuseAddr, reusePort.ReusePort = true, true
	for i, tt := range []struct {
		name        string
		picked      holders.Options // of the one that has lost the port
		named       holders.Options // of the one that keeps it
		state       holders.State
		found, sure bool
	}{
		{"that shares", loopback, reuseAddr, holders.Reset, true, true},
		{"that does not share, as the other does", reuseAddr, loopback, holders.Reset, true, true},
		{"neither shares", loopback, loopback, holders.Reset, false, false},
		{"both share", reuseAddr, reuseAddr, holders.Reset, false, false},
		{"both with SO_REUSEPORT", reusePort, reusePort, holders.Reset, false, false},
		{"never connected", loopback, loopback, holders.Bound, true, true},
		{"never connected, both with SO_REUSEPORT", reusePort, reusePort, holders.Bound, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(31150 + i)
			var both []unlistedSocket
			for _, s := range []holders.Spec{
				{State: holders.Reset, Origin: holders.Picked, Options: tt.picked}, {State: tt.state, Origin: holders.Named, Options: tt.named},
			} {
				u, ok, err := askSocket(placeOf(t, rig.Hold(t, port, s).FD), map[uint16]bool{port: true})
				if !ok || err != nil {
					t.Fatal(ok, err)
				}
				both = append(both, u)
			}
			var want []sockdiag.Socket
			if tt.found {
				want = []sockdiag.Socket{both[1].socket}
			}
			for range 2 {
				some, sure := stillBound(both, nil)
				if !slices.Equal(some, want) || sure != tt.sure {
					t.Errorf("bound are %+v, for sure: %v", some, sure)
				}
				slices.Reverse(both)
			}
		})
	}
}

// record is a connection as the kernel's tables have it.
func record(t *testing.T, fd int) sockdiag.Socket {
	t.Helper()
	local, err := pidfd.LocalAddr(fd)
	if err != nil {
		t.Fatal(err)
	}
	return sockdiag.Socket{Protocol: uint8(TCP), Family: unix.AF_INET, State: sockdiag.Established, Local: local, Inode: placeOf(t, fd).Inode}
}

func placeOf(t *testing.T, fd int) owner.Place {
	t.Helper()
	inode, err := pidfd.Inode(fd)
	if err != nil {
		t.Fatal(err)
	}
	return owner.Place{Inode: inode, PID: os.Getpid(), FD: fd}
}
