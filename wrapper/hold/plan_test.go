package hold

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
)

// on are the endpoints of one TCP port at these addresses: "*" for every address, and "* v6only" or ":: v6only" for IPv6 alone, and
// "192.0.2.1 freebind" for one that the host need not have.
func on(port uint16, said netdiag.Reuse, addrs ...string) []netdiag.Endpoint {
	all := make([]netdiag.Endpoint, len(addrs))
	for i, a := range addrs {
		all[i] = netdiag.Endpoint{Protocol: netdiag.TCP, Port: port}
		all[i].ReuseAddr = said
		words := strings.Fields(a)
		all[i].V6Only = slices.Contains(words, "v6only")
		all[i].FreeBind = slices.Contains(words, "freebind")
		if words[0] != "*" {
			all[i].Addr = netip.MustParseAddr(words[0])
		}
	}
	return all
}

func TestPlanOfAPort(t *testing.T) {
	const (
		none  = "none"
		cover = "cover"
		v6    = "100::1"
		v4    = "127.255.255.254"
	)
	for _, tt := range []struct {
		name               string
		addrs              []string
		notSaid, does, not string // what holds the port: said nothing, --reuseaddr yes, --reuseaddr no
	}{
		{"every address: a service that binds IPv4 alone is spared", []string{"*"}, v6, cover, none},
		{"every IPv6 address", []string{"* v6only"}, v4, cover, none},
		{"[::] dual-stack", []string{"::"}, v6, cover, none},
		{"[::] without IPv4", []string{":: v6only"}, v4, cover, none},
		{"0.0.0.0: the service may bind [::] as well", []string{"0.0.0.0"}, v6, cover, none},
		{"both wildcards", []string{"0.0.0.0", ":: v6only"}, v6, cover, none},
		{"both wildcards, the other way round", []string{":: v6only", "0.0.0.0"}, v6, cover, none},
		{"one IPv4 address", []string{"127.0.0.1"}, v6, cover, v6},
		{"one IPv6 address", []string{"::1"}, v4, cover, v4},
		{"a v4-mapped address", []string{"::ffff:127.0.0.1"}, v6, cover, v6},
		{"one address of each family", []string{"127.0.0.1", "::1"}, v6, cover, v6},
		{"one of each, the other way round", []string{"::1", "127.0.0.1"}, v6, cover, v6},
		{"0.0.0.0 and one IPv6 address", []string{"0.0.0.0", "::1"}, v6, cover, none},
		{"[::] without IPv4 and one IPv4 address", []string{":: v6only", "127.0.0.1"}, v4, cover, none},
		{"many addresses", []string{"127.0.0.1", "127.0.0.2", "10.1.2.3", "::1", "fd00::1"}, v6, cover, v6},
		{"the service has the address that no program uses", []string{"100::1", "127.0.0.1"}, v4, cover, v4},
		{"it has both of them", []string{"100::1", "127.255.255.254"}, "::1", cover, "::1"},
		{"it has all that there are", []string{"100::1", "127.255.255.254", "::1", "127.0.0.1"}, v6, cover, none},
		{"0.0.0.0 and the address that no program uses", []string{"0.0.0.0", "100::1"}, "::1", cover, none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, said := range []netdiag.Reuse{netdiag.ReuseNotSaid, netdiag.ReuseYes, netdiag.ReuseNo} {
				switch p := planPort(on(80, said, tt.addrs...)); {
				case p.why != "":
					got = append(got, none)
				case p.cover:
					got = append(got, cover)
				default:
					got = append(got, p.where[0].String())
				}
			}
			if diff := cmp.Diff([]string{tt.notSaid, tt.does, tt.not}, got); diff != "" {
				t.Errorf("not said, yes, no (-want +got)\n%s", diff)
			}
		})
	}
}

func TestPlanOfMixedEndpoints(t *testing.T) {
	for _, tt := range []struct {
		name      string
		endpoints []netdiag.Endpoint
		want      netip.Addr // the zero value: nothing holds the port
	}{
		{"what sets SO_REUSEADDR minds nothing", append(on(80, netdiag.ReuseYes, "100::1"), on(80, netdiag.ReuseNotSaid, "127.0.0.1")...), netip.MustParseAddr("100::1")},
		{"what does without counts", append(on(80, netdiag.ReuseYes, "127.0.0.1"), on(80, netdiag.ReuseNo, "100::1")...), netip.MustParseAddr("127.255.255.254")},
		{"nor does the second one", append(on(80, netdiag.ReuseNotSaid, "127.0.0.1"), on(80, netdiag.ReuseYes, "100::1")...), netip.MustParseAddr("100::1")},
		{"one of them does without, and may bind [::]", append(on(80, netdiag.ReuseNo, "0.0.0.0"), on(80, netdiag.ReuseNotSaid, "::1")...), netip.Addr{}},
		{"UDP", []netdiag.Endpoint{{Protocol: netdiag.UDP, Port: 80}}, netip.Addr{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planPort(tt.endpoints)
			var got netip.Addr
			if len(p.where) > 0 && p.why == "" {
				got = p.where[0]
			}
			if got != tt.want || p.cover || (p.why == "") != tt.want.IsValid() {
				t.Errorf("got %+v", p)
			}
		})
	}
}
