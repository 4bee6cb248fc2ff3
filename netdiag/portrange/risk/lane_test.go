package risk

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/portrange"
)

func TestLanesArePortsOfOneParity(t *testing.T) {
	first, second := lanes(portrange.Range{Low: 101, High: 107}, portrange.Of(103), portrange.Of(104, 200))
	if diff := cmp.Diff([]bool{true, false, true, true}, first.free); diff != "" {
		t.Errorf("from 101 (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]bool{true, false, true}, second.free); diff != "" {
		t.Errorf("from 102 (-want +got)\n%s", diff)
	}
	for port, want := range map[uint16]bool{101: true, 107: true, 102: false, 99: false, 109: false} {
		if _, ok := first.slot(port); ok != want {
			t.Errorf("%d in the lane: %v", port, ok)
		}
	}
}

func TestShares(t *testing.T) {
	row := func(text string) lane {
		var l lane
		for _, c := range text {
			l.free = append(l.free, c == '.')
		}
		return l
	}
	for _, tt := range []struct {
		name, ports string
		slot        int
		weight      reach
		want        float64
	}{
		{"all alike", "....", 2, marching, 1.0 / 4},
		{"all alike", "....", 2, scattered, 1.0 / 4},
		{"a service's own port, once it is free", "..x.", 2, scattered, 1.0 / 4},
		{"behind two that are taken", ".xx.", 3, scattered, 3.0 / 4},
		{"connect() steps over some of what is taken", ".xx.", 3, marching, 2.625 / 3.625},
		{"around the end", "x..x", 1, scattered, 3.0 / 4},
		{"nothing else is free", "xxxx", 1, marching, 1},
		{"nothing else is free", "xx.x", 2, scattered, 1},
	} {
		t.Run(tt.name+" "+tt.ports, func(t *testing.T) {
			l := row(tt.ports)
			if got := l.share(tt.slot, tt.weight, l.total(tt.weight, nil), nil); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// Every pick lands somewhere: the shares of all that is free add up to one.
func TestSharesAddUp(t *testing.T) {
	l, _ := lanes(portrange.Range{Low: 1000, High: 3001}, portrange.Set{{Low: 1100, High: 1180}, {Low: 1500, High: 1501}, {Low: 2990, High: 3001}})
	for name, weight := range map[string]reach{"connect()": marching, "bind()": scattered} {
		sum, total := 0.0, l.total(weight, nil)
		for slot, free := range l.free {
			if free {
				sum += l.share(slot, weight, total, nil)
			}
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: %v", name, sum)
		}
	}
}
