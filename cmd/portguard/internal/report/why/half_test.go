package why

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
	"portguard/wrapper"
)

// A server that is known to go on with IPv6 alone is said to be deaf where somebody else has its port in IPv4, and nowhere else.
func TestWhyTellsOfHalfAServer(t *testing.T) {
	holder := func(kind netdiag.Kind, inode uint32, local string, v6Only sockdiag.Tristate, command string) netdiag.Holder {
		state := sockdiag.Listen
		if kind == netdiag.Client {
			state = sockdiag.Established
		}
		return netdiag.Holder{
			Kind: kind, Owners: []owner.Process{{PID: int(inode), Command: command}},
			Socket: sockdiag.Socket{Protocol: unix.IPPROTO_TCP, State: state, Local: netip.MustParseAddrPort(local), V6Only: v6Only, Inode: inode, Cookie: uint64(inode)},
		}
	}
	client := holder(netdiag.Client, 1, "10.11.0.5:11211", sockdiag.Unknown, "java")
	six := holder(netdiag.Listener, 2, "[::]:11211", sockdiag.Yes, "memcached")
	four := holder(netdiag.Listener, 3, "0.0.0.0:11211", sockdiag.Unknown, "memcached")
	for _, tt := range []struct {
		name    string
		holders []netdiag.Holder
		want    bool
	}{
		{"a client has the other half", []netdiag.Holder{client, six}, true},
		{"it has both", []netdiag.Holder{four, six}, false},
		{"it has both, and a client of its own", []netdiag.Holder{client, four, six}, false},
		{"nobody has the other half", []netdiag.Holder{six}, false},
		{"both families by one socket", []netdiag.Holder{client, holder(netdiag.Listener, 2, "[::]:11211", sockdiag.No, "memcached")}, false},
		{"one address", []netdiag.Holder{client, holder(netdiag.Listener, 2, "[::1]:11211", sockdiag.Yes, "memcached")}, false},
		{"a server that ends", []netdiag.Holder{client, holder(netdiag.Listener, 2, "[::]:11211", sockdiag.Yes, "nginx")}, false},
		{"a server that nobody knows", []netdiag.Holder{client, holder(netdiag.Listener, 2, "[::]:11211", sockdiag.Yes, "order")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &wrapper.Report{Outcomes: []wrapper.Outcome{{Finding: netdiag.Finding{
				Endpoint: netdiag.Endpoint{Protocol: netdiag.TCP, Port: 11211}, Holders: tt.holders,
			}}}}
			facts := Facts{}.Of(r)
			for _, h := range tt.holders {
				const line = "memcached goes on with IPv6 alone when somebody has its port in IPv4, as here: it counts as started, and is deaf to IPv4"
				if got, want := strings.HasSuffix(Sentence(h, facts), "; "+line), tt.want && h.Socket.Inode == 2; got != want {
					t.Errorf("%s: %q", h.Local(), Sentence(h, facts))
				}
			}
		})
	}
}
