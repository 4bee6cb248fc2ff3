package netdiag

import (
	"net/netip"
	"testing"

	"portguard/netdiag/sockdiag"
)

func TestCountSMC(t *testing.T) {
	const head = "protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re sp bi br ha uh gp em\n"
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"both families", head + "SMC6      1088      2      -1   NI       0   yes  smc\nSMC       1088      1      -1   NI       0   yes  smc\nTCP       2432     64      12   no     320   yes  kernel\n", 3},
		{"of IPPROTO_SMC", head + "INET6_SMC 1088      1      -1   NI       0   yes  smc\nINET_SMC  1088      1      -1   NI       0   yes  smc\n", 2},
		{"none in use", head + "SMC       1088      0      -1   NI       0   yes  smc\n", 0},
		{"no such protocol", head + "TCP       2432     64      12   no     320   yes  kernel\n", 0},
		{"nothing", "", 0},
	} {
		if got := countSMC([]byte(tt.text)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMayBeBehind(t *testing.T) {
	at := func(local, remote string) sockdiag.Socket {
		return sockdiag.Socket{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
	}
	tcp := at("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:2")
	for _, tt := range []struct {
		name string
		smc  sockdiag.Socket
		want bool
	}{
		{"the same ends", at("127.0.0.1:1", "127.0.0.1:2"), true},
		{"no address is told", at("0.0.0.0:1", "0.0.0.0:2"), true},
		{"of another address", at("127.0.0.2:1", "127.0.0.1:2"), false},
		{"to another address", at("127.0.0.1:1", "127.0.0.2:2"), false},
	} {
		if got := mayBeBehind(tcp, tt.smc); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
