package decide

import (
	"net/netip"
	"strings"
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// What the kernel would not do, or would do to no avail, is not begun.
func TestDecideWhatWouldBeInVain(t *testing.T) {
	java := []owner.Process{{PID: 4000}}
	ends := func(local, remote string) sockdiag.Socket {
		return sockdiag.Socket{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
	}
	pool := ends("10.11.0.5:30010", "10.11.0.9:7000")
	itself := ends("127.0.0.1:30010", "127.0.0.1:30010")
	mptcp := pool
	mptcp.ULP = "mptcp"
	service, reuseNo := tcp(30010), tcp(30010)
	reuseNo.ReuseAddr = netdiag.ReuseNo
	closed := netdiag.Flags{Closed: true}

	for _, tt := range []struct {
		name    string
		rung    Rung
		service netdiag.Endpoint
		holder  netdiag.Holder
		want    Result // "": go ahead
		why     string // part of it
	}{
		{"share a client", Share, service, netdiag.Holder{Kind: netdiag.Client, Socket: pool, Owners: java}, "", ""},
		{"share a client that is connected to itself", Share, service, netdiag.Holder{Kind: netdiag.Client, Socket: itself, Owners: java},
			NotPossible, "--close cuts it"},
		{"share an MPTCP client", Share, service, netdiag.Holder{Kind: netdiag.Client, Socket: mptcp, Owners: java}, NotPossible, "MPTCP"},

		{"close a client that is connected to itself", Close, service, netdiag.Holder{Kind: netdiag.Client, Socket: itself, Owners: java}, "", ""},
		{"close an MPTCP client", Close, service, netdiag.Holder{Kind: netdiag.Client, Socket: mptcp, Owners: java}, "", ""},
		{"close an MPTCP client that asked for its port", Close, service, netdiag.Holder{Kind: netdiag.BoundClient, Socket: mptcp, Owners: java},
			NotPossible, "takes no SO_REUSEADDR"},
		{"close a client that asked for its port", Close, service, netdiag.Holder{Kind: netdiag.BoundClient, Socket: pool, Owners: java}, "", ""},
		{"the same, for a service without SO_REUSEADDR", Close, reuseNo, netdiag.Holder{Kind: netdiag.BoundClient, Socket: pool, Owners: java},
			NotPossible, "keeps it"},
		{"the same, of which this user may have no duplicate", Close, service, netdiag.Holder{Kind: netdiag.BoundClient, Socket: pool, Owners: java, Flags: closed},
			NotPermitted, "CAP_SYS_PTRACE"},
		{"close a client of which this user may have no duplicate", Close, service, netdiag.Holder{Kind: netdiag.Client, Socket: pool, Owners: java, Flags: closed}, "", ""},
	} {
		got := Judge{}.Decide(tt.rung, tt.service, &tt.holder)
		if got.Result != tt.want || !strings.Contains(got.Why, tt.why) {
			t.Errorf("%s: %+v, want %q with %q", tt.name, got, tt.want, tt.why)
		}
	}
}
