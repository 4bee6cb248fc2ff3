package risk

import (
	"math"
	"testing"

	"portguard/netdiag/portrange"
)

// What comes by lands on two of nine ports when all are free, as the mean step is 9/2, and on every one when the step cannot lead past it.
func TestLands(t *testing.T) {
	for _, tt := range []struct {
		name string
		free float64
		run  int
		want float64
	}{
		{"all is free", 1, 1, 1 / 4.5},
		{"above one that is not", 1, 2, 1.875 / 4.5},
		{"above as many as a step may lead past", 1, stride, 1},
		{"above a long block", 1, 50, 1},
		{"hardly any is free", 1e-6, 1, 1},
		{"a quarter is free", 0.25, 1, 0.69},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (&march{free: tt.free}).lands(tt.run); math.Abs(got-tt.want) > 0.01 {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// What a route has of 200 ports decides how many picks a lap has, and how much is free ahead of it.
func TestSteadyState(t *testing.T) {
	l, _ := lanes(portrange.Range{Low: 20000, High: 20399})
	for _, tt := range []struct {
		name      string
		march     march
		lap, free float64
	}{
		{"next to nothing", march{held: 1}, 200 / 4.5, 1},
		{"all but ten: nearly twice as many are free ahead, and each is picked", march{held: 190}, 17, 0.1},
		{"all of them: each pick takes what was given back", march{held: 200}, 1, 0},
		{"TIME_WAIT that ends within a lap", march{held: 20, inOrder: true}, 200 / 4.5, 1},
		{"TIME_WAIT on most", march{held: 150, inOrder: true}, 41, 0.39},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.march.settle(l)
			if got := tt.march.lap; math.Abs(got-tt.lap) > 0.1*tt.lap {
				t.Errorf("a lap has %v picks, want %v", got, tt.lap)
			}
			if got := tt.march.free; math.Abs(got-tt.free) > 0.05 {
				t.Errorf("%v is free, want %v", got, tt.free)
			}
		})
	}
}

// In the long run as many ports are taken as are held, wherever the picks land.
func TestTakenInTheLongRun(t *testing.T) {
	l, _ := lanes(portrange.Range{Low: 20000, High: 20399})
	for _, held := range []float64{2, 20, 100, 160, 198} {
		for name, m := range map[string]march{"connect()": {}, "a wide step": {width: 1024}} {
			m.held = held
			m.settle(l)
			if got := m.gets(l, 100, held*(1-1e-9)); math.Abs(got-held/200) > 0.06*held/200 {
				t.Errorf("%s, %v of 200 held: the chance is %v", name, held, got)
			}
		}
	}
}
