package risk

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"portguard/netdiag/portrange"
)

func TestLasting(t *testing.T) {
	for _, tt := range []struct {
		name string
		flow flow
		down time.Duration
		want float64
	}{
		{"nothing comes", flow{held: 100}, 10 * time.Second, 0},
		{"few come, and stay", flow{held: 10000, fresh: 10}, 10 * time.Second, 50},
		{"TIME_WAIT: 100 a second for 60 seconds", flow{remains: 6000, freshRemains: 200}, 10 * time.Second, 1000},
		{"and no more than that", flow{remains: 6000, freshRemains: 200}, 10 * time.Minute, 6000},
		{"short connections: as many as there are at a time", flow{held: 5, fresh: 5}, 10 * time.Second, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.flow.expected(tt.down, 2*time.Second)
			if math.Abs(got-tt.want) > tt.want/100 {
				t.Errorf("%v, want %v", got, tt.want)
			}
			if most := tt.flow.atMost(tt.down, 2*time.Second); most <= got {
				t.Errorf("at most %v, which is no more", most)
			}
		})
	}
}

func TestUpperBoundOfACount(t *testing.T) {
	for n, want := range map[int]float64{0: 3.00, 1: 4.74, 10: 16.96, 100: 118.1} { // of the chi-squared distribution
		if got := upper(n); math.Abs(got-want) > 0.02*want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

// The numbers of a default range, as they are on a quiet host, a busy one, and for one destination.
func TestChances(t *testing.T) {
	r := portrange.Range{Low: 32768, High: 60999}
	route := func(i int) Route {
		return Route{netip.MustParseAddr("10.0.0.1"), netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(1+i))}
	}
	look := func(connections, routes int) Look {
		l := Look{TCP: map[Pick]Holding{}}
		for i := range connections {
			l.TCP[Pick{Port: 32768 + uint16(6*i%28232), Route: route(i % routes)}] = Holding{Remains: true}
		}
		return l
	}
	for _, tt := range []struct {
		name          string
		before, after Look
		port          uint16
		want          float64
	}{
		{"nothing happens", look(0, 1), look(0, 1), 40001 - 1, 0},
		{"an odd port", look(0, 1), look(1000, 50), 40001, 0},
		{"many destinations", look(0, 1), look(1000, 50), 40002, 1 - math.Exp(-1000.0/14116)},
		{"what is held already takes nothing more", look(1000, 50), look(1000, 50), 40002, 0},
		{"outside the range", look(0, 1), look(1000, 50), 30000, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(portrange.Facts{Range: r}, tt.before, tt.after, 10*time.Second).TCP(tt.port, 10*time.Second)
			if math.Abs(e.Chance-tt.want) > 0.05*tt.want {
				t.Errorf("%v, want %v", e, tt.want)
			}
			if r.Contains(tt.port) && (e.Below <= e.Chance || e.Below > 1) {
				t.Errorf("%+v: the bound is none", e)
			}
		})
	}
}
