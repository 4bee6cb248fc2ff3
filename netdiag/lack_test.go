package netdiag

import (
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"portguard/netdiag/nstest"
)

func TestParseLack(t *testing.T) {
	const text = "fd000000000000000000000000000001 02 40 00 48 eth0\n" +
		"fd000000000000000000000000000002 02 40 00 40 eth0\n" +
		"fd000000000000000000000000000003 02 40 00 80 eth0\n" +
		"fd000000000000000000000000000004 02 40 00 44 eth0\n" +
		"fe800000000000000000000000000001 02 40 20 80 eth0\n" +
		"fe800000000000000000000000000001 03 40 20 40 eth1\n" +
		"broken\n"
	for _, tt := range []struct {
		name, addr string
		want       Lack
	}{
		{"another host has it", "fd00::1", Lack{Elsewhere, "eth0"}},
		{"not certain yet", "fd00::2", Lack{Tentative, "eth0"}},
		{"in use", "fd00::3", Lack{}},
		{"in use before it is certain", "fd00::4", Lack{}},
		{"not there", "fd00::5", Lack{}},
		{"link-local, of the one device", "fe80::1%eth0", Lack{}},
		{"link-local, of the other", "fe80::1%eth1", Lack{Tentative, "eth1"}},
	} {
		if got := parseLack([]byte(text), netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// A real address that another end of the wire has, one that is still asked about, and IPv6 that is switched off: bind() says the
// same of each.
func TestLackOfARealAddress(t *testing.T) {
	near, far := veth(t)
	nstest.Sysctl(t, "net.ipv6.conf."+near+".accept_dad", "1")
	nstest.Sysctl(t, "net.ipv6.conf."+near+".dad_transmits", "100") // it asks for as long as the test takes
	nstest.Sysctl(t, "net.ipv6.conf."+far+".accept_dad", "0")
	give(t, far, "fd97::2/64")
	give(t, near, "fd97::2/64")
	give(t, near, "fd97::1/64")
	of := func(addr string) (Verdict, Lack) {
		e := Endpoint{Protocol: TCP, Addr: netip.MustParseAddr(addr), Port: 40390}
		trial := Try(e)
		trial.Close()
		return trial.Verdict, LackOf(e)
	}
	if verdict, lack := of("fd97::1"); verdict != NoAddress || lack != (Lack{Tentative, near}) {
		t.Errorf("tentative: %s, %+v", verdict, lack)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		e := Endpoint{Protocol: TCP, Addr: netip.MustParseAddr("fd97::2"), Port: 40390}
		if LackOf(e) == (Lack{Elsewhere, near}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a duplicate: %+v", LackOf(e))
		}
	}
	if verdict, lack := of("fd97::3"); verdict != NoAddress || lack != (Lack{}) {
		t.Errorf("not there: %s, %+v", verdict, lack)
	}
	nstest.Sysctl(t, "net.ipv6.conf.lo.disable_ipv6", "1")
	if verdict, lack := of("::1"); verdict != NoAddress || lack != (Lack{IPv6Off, "lo"}) {
		t.Errorf("IPv6 is off: %s, %+v", verdict, lack)
	}
}

// veth is a wire whose two ends are both of this namespace.
func veth(t *testing.T) (near, far string) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "near"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "far"}); err != nil {
		t.Skipf("no veth device: %v", err)
	}
	for _, name := range []string{"near", "far"} {
		link, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "near" {
			t.Cleanup(func() {
				if err := netlink.LinkDel(link); err != nil {
					t.Error(err)
				}
			})
		}
		if err := netlink.LinkSetUp(link); err != nil {
			t.Fatal(err)
		}
	}
	return "near", "far"
}

func give(t *testing.T, device, cidr string) {
	t.Helper()
	link, err := netlink.LinkByName(device)
	if err != nil {
		t.Fatal(err)
	}
	addr, err := netlink.ParseAddr(cidr)
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		t.Fatal(err)
	}
}
