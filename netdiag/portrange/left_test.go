package portrange

import "testing"

func TestLeft(t *testing.T) {
	r := Range{40000, 42000} // 2001 ports
	for _, tt := range []struct {
		name          string
		lost, without Set
		left          int
		enough        bool
	}{
		{"nothing is lost", nil, nil, 2001, true},
		{"all", Set{r}, nil, 0, false},
		{"the last that may be", Set{{40000, 40976}}, nil, 1024, true},
		{"one too many", Set{{40000, 40977}}, nil, 1023, false},
		{"it was too few before", Set{{40000, 41999}}, Set{{40000, 41999}}, 1, true},
		{"it was too few before, and is fewer", Set{{40000, 41999}}, Set{{40000, 41998}}, 1, false},
		{"outside of the range, beside too few", Set{{30010, 30010}, {40000, 41999}}, Set{{40000, 41999}}, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if left, enough := r.Left(tt.lost, tt.without); left != tt.left || enough != tt.enough {
				t.Errorf("%d, %v, want %d, %v", left, enough, tt.left, tt.enough)
			}
		})
	}
}
