package risk

import (
	"net/netip"
	"testing"

	"portguard/netdiag/portrange"
)

// What "in use" counts: ports, not connections; of those that the kernel may pick; and the busiest destination by itself.
func TestEphemeralPortsInUse(t *testing.T) {
	route := func(to string) Route {
		return Route{From: netip.MustParseAddr("127.0.0.1"), To: netip.MustParseAddrPort(to)}
	}
	redis, web := route("10.0.0.1:6379"), route("10.0.0.2:80")
	look := Look{
		TCP: map[Pick]Holding{
			{Port: 40000, Route: redis}: {},
			{Port: 40000, Route: web}:   {}, // shared
			{Port: 40002, Route: web}:   {Remains: true},
			{Port: 40004, Route: redis}: {}, // reserved meanwhile
			{Port: 50000, Route: redis}: {}, // the range has been another
		},
		UDP:      map[uint16]uint64{40001: 1, 50001: 2},
		Bound:    portrange.Of(40006, 8080),
		BoundUDP: portrange.Of(40006, 40007),
	}
	got := UseOf(portrange.Facts{Range: portrange.Range{Low: 40000, High: 40009}, Reserved: portrange.Of(40004)}, look)
	want := Use{TCP: Given{8, 2}, UDP: Given{7, 1}, Busiest: 2, BusiestTo: web}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
