package portrange

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetAlgebra(t *testing.T) {
	tests := []struct {
		name, a, b                 string
		union, minus, intersection string
		len                        int // of a
	}{
		{name: "both empty"},
		{name: "nothing to add", a: "80", union: "80", minus: "80", len: 1},
		{name: "neighbours join", a: "80", b: "81", union: "80-81", minus: "80", len: 1},
		{name: "a hole", a: "1-10", b: "5", union: "1-10", minus: "1-4,6-10", intersection: "5", len: 10},
		{name: "ends that overlap", a: "60-70", b: "63-64", union: "60-70", minus: "60-62,65-70", intersection: "63-64", len: 11},
		{name: "every port", a: "0-65535", b: "65535", union: "0-65535", minus: "0-65534", intersection: "65535", len: 65536},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := parsed(t, tt.a), parsed(t, tt.b)
			for _, r := range []struct {
				name string
				got  Set
				want string
			}{{"union", a.Union(b), tt.union}, {"minus", a.Minus(b), tt.minus}, {"intersection", a.Intersect(b), tt.intersection}} {
				if diff := cmp.Diff(parsed(t, r.want), r.got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", r.name, diff)
				}
			}
			if got := a.Len(); got != tt.len {
				t.Errorf("%d ports, want %d", got, tt.len)
			}
		})
	}
}

// Whatever is added and taken out, a set answers as a table with a place a port would.
func TestSetIsWhatATableIs(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var s Set
	table := map[uint16]bool{}
	for range 60 {
		low := uint16(rnd.IntN(1 << 16))
		r := Range{low, uint16(min(int(low)+rnd.IntN(300), 65535))}
		add := rnd.IntN(2) == 0
		if add {
			s = s.Union(Set{r})
		} else {
			s = s.Minus(Set{r})
		}
		for port := int(r.Low); port <= int(r.High); port++ {
			table[uint16(port)] = add
		}
	}
	for port := range 1 << 16 {
		if got, want := s.Contains(uint16(port)), table[uint16(port)]; got != want {
			t.Fatalf("port %d: in the set: %v, in the table: %v", port, got, want)
		}
	}
	if diff := cmp.Diff(s, parsed(t, s.String())); diff != "" {
		t.Errorf("not in the form that is compared and printed (-set +read back)\n%s", diff)
	}
}

func TestOf(t *testing.T) {
	if diff := cmp.Diff(Set{{7, 9}, {65535, 65535}}, Of(9, 7, 65535, 8, 7)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func parsed(t *testing.T, text string) Set {
	t.Helper()
	s, err := ParseSet(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
