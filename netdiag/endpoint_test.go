package netdiag_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"portguard/netdiag"
)

func TestClaimsAreTheSocketsOfTheService(t *testing.T) {
	addr := netip.MustParseAddr
	for _, tt := range []struct {
		service string
		want    []netdiag.Claim
	}{
		{"*", []netdiag.Claim{
			{Addr: addr("::"), ReuseAddr: true, UID: uid},
			{Addr: addr("0.0.0.0"), ReuseAddr: true, UID: uid},
		}},
		{"* v6only", []netdiag.Claim{{Addr: addr("::"), V6Only: true, ReuseAddr: true, UID: uid}}},
		{"* noreuseaddr reuseport", []netdiag.Claim{
			{Addr: addr("::"), ReusePort: true, UID: uid},
			{Addr: addr("0.0.0.0"), ReusePort: true, UID: uid},
		}},
		{"::", []netdiag.Claim{{Addr: addr("::"), ReuseAddr: true, UID: uid}}},
		{":: v6only", []netdiag.Claim{{Addr: addr("::"), V6Only: true, ReuseAddr: true, UID: uid}}},
		{"0.0.0.0 v6only", []netdiag.Claim{{Addr: addr("0.0.0.0"), ReuseAddr: true, UID: uid}}},
		{"fd99::1", []netdiag.Claim{{Addr: addr("fd99::1"), V6Only: true, ReuseAddr: true, UID: uid}}},
		{"fe80::1%eth0", []netdiag.Claim{{Addr: addr("fe80::1"), V6Only: true, ReuseAddr: true, UID: uid}}},
		{"::ffff:10.99.0.1 v6only", []netdiag.Claim{{Addr: addr("::ffff:10.99.0.1"), ReuseAddr: true, UID: uid}}},
		{"192.0.2.1 freebind", []netdiag.Claim{{Addr: addr("192.0.2.1"), ReuseAddr: true, UID: uid}}},
		{"udp 10.99.0.1", []netdiag.Claim{{Addr: addr("10.99.0.1"), UID: uid}}},
		{"udp 10.99.0.1 reuseaddr", []netdiag.Claim{{Addr: addr("10.99.0.1"), ReuseAddr: true, UID: uid}}},
	} {
		t.Run(tt.service, func(t *testing.T) {
			got := service(tt.service, 80).Claims(uid)
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestClaimsAreTheOwners(t *testing.T) {
	e := service("*", 80)
	e.Owner = netdiag.Owner{Other: true, UID: 33}
	for _, c := range e.Claims(uid) {
		if c.UID != 33 {
			t.Errorf("%+v is not user 33's", c)
		}
	}
}

func TestEndpointsThatNoTwoServicesCanHave(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"*", "*", true},
		{"*", "127.0.0.1", true},
		{"*", "::1", true},
		{"*", "0.0.0.0", true},
		{"127.0.0.1", "127.0.0.1", true},
		{"10.99.0.1", "::ffff:10.99.0.1", true},
		{"0.0.0.0", "10.99.0.1", true},
		{"127.0.0.1", "10.99.0.1", false},
		{"127.0.0.1", "::1", false},
		{"0.0.0.0", "::1", false},
		{"0.0.0.0", ":: v6only", false},
		{"*", "* reuseport", true},
		{"* reuseport", "* reuseport", false},
		{"* dev eth0", "* dev eth1", false},
		{"0.0.0.0 dev eth0", "0.0.0.0 dev eth0", true},
		{"0.0.0.0 dev eth0", "*", true},
		{"fe80::1%eth0", "fe80::1%eth1", false},
		{"fe80::1%eth0", ":: dev eth1", false},
		{"fe80::1%eth0", ":: dev eth0", true},
		{"*", "udp *", false},
		{"udp *", "udp 127.0.0.1", true},
		{"udp * reuseaddr", "udp * reuseaddr", false},
	} {
		a, b := service(tt.a, 80), service(tt.b, 80)
		if got := [2]bool{a.Overlaps(b), b.Overlaps(a)}; got != [2]bool{tt.want, tt.want} {
			t.Errorf("%s and %s: %v, want %v both ways", tt.a, tt.b, got, tt.want)
		}
		if b.Port = 81; a.Overlaps(b) {
			t.Errorf("%s and %s overlap on two ports", tt.a, tt.b)
		}
	}
}

func TestEndpointIsPrintedAsPeopleWriteIt(t *testing.T) {
	for _, tt := range []struct{ service, address, bind, short string }{
		{"*", "*", "*:80", "80/tcp"},
		{"udp *", "*", "*:80", "80/udp"},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:80/tcp"},
		{"::", "::", "[::]:80", "[::]:80/tcp"},
		{"fe80::1%eth0", "fe80::1%eth0", "[fe80::1%eth0]:80", "[fe80::1%eth0]:80/tcp"},
		{"* dev eth0", "*", "*%eth0:80", "*%eth0:80/tcp"},
		{"udp 0.0.0.0 dev eth0", "0.0.0.0", "0.0.0.0%eth0:80", "0.0.0.0%eth0:80/udp"},
		{":: dev eth0", "::", "[::]%eth0:80", "[::]%eth0:80/tcp"},
	} {
		e := service(tt.service, 80)
		want := []string{tt.address, tt.bind, tt.short}
		if diff := cmp.Diff(want, []string{e.Address(), e.Bind(), e.String()}); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.service, diff)
		}
	}
}
