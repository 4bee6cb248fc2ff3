package netdiag_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/nstest"
)

// What the kernel allows though one would not think so: the verdict is the kernel's, and everybody in the way is named.
func TestUnlikelyHolders(t *testing.T) {
	nstest.Root(t) // for TCP_REPAIR, and SO_BINDTODEVICE of what is bound
	const near, far = "near0", "far0"
	nstest.Device(t, near, "10.98.0.1/24")
	nstest.Device(t, far, "10.98.1.1/24")
	set := func(option, value int) func(fd int) error {
		return func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, value) }
	}
	nothing := func(int) error { return nil }
	const loopback = "127.0.0.1"
	for _, tt := range []struct {
		name    string
		sockets []unlikely
		wants   map[string][]string // by service
	}{
		{"a multicast address", []unlikely{{"224.0.0.1", nothing, unix.Listen, nothing}}, map[string][]string{
			"*":      {"taken", "listener LISTEN 224.0.0.1 mine"},
			loopback: {"free"},
		}},
		{"the broadcast address", []unlikely{{"255.255.255.255", nothing, unix.Listen, nothing}}, map[string][]string{
			"*":      {"taken", "listener LISTEN 255.255.255.255 mine"},
			loopback: {"free"},
		}},
		{"SO_REUSEPORT once it listens", []unlikely{{loopback, nothing, unix.Listen, set(unix.SO_REUSEPORT, 1)}, {loopback, set(unix.SO_REUSEPORT, 1), unix.Listen, nothing}}, map[string][]string{
			loopback:                {"taken", "listener LISTEN 127.0.0.1 mine", "listener LISTEN 127.0.0.1 mine"},
			loopback + " reuseport": {"free"},
		}},
		{"moved to another device", []unlikely{
			{loopback, toDevice(near), unix.Listen, nothing},
			{loopback, toDevice(far), unix.Listen, toDevice(near)},
		}, map[string][]string{
			loopback:                 {"taken", "listener LISTEN 127.0.0.1 mine", "listener LISTEN 127.0.0.1 mine"},
			loopback + " dev " + far: {"free"},
		}},
		{"TCP_REPAIR", []unlikely{{loopback, repair, bound, nothing}}, map[string][]string{
			loopback + " noreuseaddr": {"taken", "bound CLOSE 127.0.0.1 mine"},
			loopback:                  {"free"},
		}},
		{"TCP_REPAIR beside a listener", []unlikely{{loopback, nothing, unix.Listen, nothing}, {loopback, repair, bound, nothing}}, map[string][]string{
			loopback: {"taken", "listener LISTEN 127.0.0.1 mine"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			l.port++
			for _, s := range tt.sockets {
				s.hold(t, l.port)
			}
			for text, want := range tt.wants {
				got := explain(t, service(text, l.port))
				slices.Sort(got[1:])
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", text, diff)
				}
			}
		})
	}
}

// unlikely is a socket of TCP that is bound to an address, after one thing was done to it and before another.
type unlikely struct {
	addr   string
	before func(fd int) error
	listen func(fd, backlog int) error
	after  func(fd int) error
}

func (u unlikely) hold(t *testing.T, port uint16) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	for _, err := range []error{
		u.before(fd),
		unix.Bind(fd, &unix.SockaddrInet4{Port: int(port), Addr: netip.MustParseAddr(u.addr).As4()}),
		u.listen(fd, 1),
		u.after(fd),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func bound(int, int) error { return nil } // it does not listen

func repair(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) }

func toDevice(name string) func(fd int) error {
	return func(fd int) error { return unix.BindToDevice(fd, name) }
}

// A prefix that is routed to this host opens all its IPv4 addresses for bind(), and of IPv6 only IPV6_FREEBIND does.
func TestUnlikelyAddresses(t *testing.T) {
	nstest.Root(t) // for the routes
	localRoute(t, "198.51.100.0/24")
	localRoute(t, "fd98::/64")
	l := newLab(t)
	for text, want := range map[string]netdiag.Verdict{
		"198.51.100.77": netdiag.Free, "fd98::77": netdiag.NoAddress, "fd98::77 freebind": netdiag.Free, "203.0.113.77": netdiag.NoAddress,
	} {
		l.port++
		if got := explain(t, service(text, l.port))[0]; got != want.String() {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// localRoute makes every address of a prefix this host's until the test ends.
func localRoute(t *testing.T, prefix string) {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	dst, err := netlink.ParseIPNet(prefix)
	if err != nil {
		t.Fatal(err)
	}
	route := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: dst, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: netlink.SCOPE_HOST}
	if err := netlink.RouteAdd(route); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := netlink.RouteDel(route); err != nil {
			t.Error(err)
		}
	})
}
