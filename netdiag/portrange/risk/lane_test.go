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

func TestScattered(t *testing.T) {
	for _, tt := range []struct {
		name, ports string
		slot        int
		want        float64
	}{
		{"all alike", "....", 2, 1.0 / 4},
		{"a service's own port, once it is free", "..x.", 2, 1.0 / 4},
		{"behind two that are taken", ".xx.", 3, 3.0 / 4},
		{"around the end", "x..x", 1, 3.0 / 4},
		{"a service's own port, around the end", "x..x", 0, 2.0 / 4},
		{"nothing else is free", "xxxx", 1, 1},
		{"nothing else is free", "xx.x", 2, 1},
	} {
		t.Run(tt.name+" "+tt.ports, func(t *testing.T) {
			if got := row(tt.ports).scattered(tt.slot); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func row(text string) lane {
	var free []bool
	for _, c := range text {
		free = append(free, c == '.')
	}
	return newLane(1000, free)
}
