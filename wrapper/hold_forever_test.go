package wrapper

import (
	"context"
	"net/netip"
	"testing"

	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// What is free is held at once: of a port whose service does without SO_REUSEADDR by one socket.
func TestHoldForever(t *testing.T) {
	const port = 25310
	for said, want := range map[netdiag.Reuse]int{netdiag.ReuseNotSaid: 2, netdiag.ReuseYes: 2, netdiag.ReuseNo: 1} {
		endpoints := []netdiag.Endpoint{tcp(port), tcp(port)}
		for i, a := range []netip.Addr{loopback, netip.IPv6Loopback()} {
			endpoints[i].Addr, endpoints[i].ReuseAddr = a, said
		}
		g := New(decide.Policy{}, nil)
		defer g.Close()
		ctx, stop := context.WithCancel(t.Context())
		stop()
		r := g.HoldForever(ctx, endpoints, func(got Holding) {
			if want := (Holding{Held: 2}); got != want {
				t.Errorf("%v: got %+v, want %+v", said, got, want)
			}
		})
		sockets := 0
		for _, o := range r.Outcomes {
			if o.Trial.FD >= 0 {
				sockets++
			}
		}
		if r.Release(); sockets != want {
			t.Errorf("%v: %d sockets, want %d", said, sockets, want)
		}
	}
}
