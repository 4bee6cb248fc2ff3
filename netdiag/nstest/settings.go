package nstest

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addr gives loopback another address, "10.99.0.1/32" or "fd99::1/128", usable at once, until the test ends.
// A kernel without IPv6 skips the test that asks for an IPv6 address.
func Addr(t testing.TB, cidr string) {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatalf("loopback: %v", err)
	}
	addLinkAddr(t, lo, cidr)
}

// Device makes another network device, up, with one address, until the test ends, and returns its index. Where the
// kernel makes neither a dummy nor a veth device the test is skipped.
func Device(t testing.TB, name, cidr string) int {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	errDummy := netlink.LinkAdd(&netlink.Dummy{LinkAttrs: attrs})
	if errDummy != nil {
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: name + "peer"}); err != nil {
			t.Skipf("no second network device: dummy: %v; veth: %v", errDummy, err)
		}
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatalf("device %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := netlink.LinkDel(link); err != nil {
			t.Errorf("remove device %s: %v", name, err)
		}
	})
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatalf("device %s up: %v", name, err)
	}
	addLinkAddr(t, link, cidr)
	return link.Attrs().Index
}

func addLinkAddr(t testing.TB, link netlink.Link, cidr string) {
	t.Helper()
	addr, err := netlink.ParseAddr(cidr)
	if err != nil {
		t.Fatal(err)
	}
	if addr.IP.To4() == nil {
		if _, err := os.Stat("/proc/sys/net/ipv6"); err != nil {
			t.Skipf("no IPv6 in this kernel: %v", err)
		}
		addr.Flags = unix.IFA_F_NODAD // duplicate address detection would keep it unusable for a second
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		t.Fatalf("add %s to %s: %v", cidr, link.Attrs().Name, err)
	}
	t.Cleanup(func() {
		if err := netlink.AddrDel(link, addr); err != nil {
			t.Errorf("take %s from %s: %v", cidr, link.Attrs().Name, err)
		}
	})
	awaitLocal(t, addr.IP)
}

// awaitLocal waits until packets to the address stay on this host. For IPv6 the kernel adds that route some time after
// the address, when a worker gets to it; bind() works before.
func awaitLocal(t testing.TB, ip net.IP) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		routes, err := netlink.RouteGet(ip)
		if err == nil && len(routes) == 1 && routes[0].Type == unix.RTN_LOCAL {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no local route to %s: %v, %v", ip, routes, err)
		}
	}
}

// SetRange sets ip_local_port_range, both ends included, until the test ends. It holds for the whole namespace: not
// for parallel tests.
func SetRange(t testing.TB, low, high uint16) {
	t.Helper()
	Sysctl(t, "net.ipv4.ip_local_port_range", fmt.Sprintf("%d %d", low, high))
}

// Sysctl sets a sysctl of this namespace, in dotted form, until the test ends. One that this kernel does not have skips
// the test.
func Sysctl(t testing.TB, name, value string) {
	t.Helper()
	path := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
	before, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("this kernel has no sysctl %s", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		t.Fatalf("set %s to %q: %v", name, value, err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, before, 0); err != nil {
			t.Errorf("restore %s to %q: %v", name, before, err)
		}
	})
}
