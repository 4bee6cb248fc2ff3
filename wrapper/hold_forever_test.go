package wrapper

import (
	"context"
	"strings"
	"testing"

	"portguard/netdiag"
)

// A port that is held for a service without SO_REUSEADDR has one socket, and the service starts beside it.
func TestHoldForeverIsInNoServicesWay(t *testing.T) {
	const port = 25300
	for _, shape := range shapes() {
		endpoints := on(port, netdiag.ReuseNo, shape...)
		t.Run(strings.Join(shape, ", "), func(t *testing.T) {
			if _, why := Unholdable(endpoints); why != "" {
				if len(planPort(endpoints).where) > 0 {
					t.Errorf("not held: %s", why)
				}
				return
			}
			g := New(Policy{}, nil)
			defer g.Close()
			ctx, stop := context.WithCancel(t.Context())
			stop()
			r := g.HoldForever(ctx, endpoints, func(got Holding) {
				if want := (Holding{Held: len(endpoints)}); got != want {
					t.Errorf("got %+v, want %+v", got, want)
				}
			})
			defer r.Release()
			sockets := 0
			for _, o := range r.Outcomes {
				if o.Trial.FD >= 0 {
					sockets++
				}
			}
			if sockets != 1 {
				t.Errorf("%d sockets", sockets)
			}
			if _, err := starts(t, shape, false, port); err != nil {
				t.Error(err)
			}
		})
	}
}
