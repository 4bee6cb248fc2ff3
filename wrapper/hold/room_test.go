package hold

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoomForService(t *testing.T) {
	type place struct{ Most, From int }
	for _, tt := range []struct {
		name     string
		limit, n int
		want     place
	}{
		{"one", 1024, 1, place{1, 100}},
		{"one, and room for few files: Inherit looks further down", 64, 1, place{1, 100}},
		{"a hundred", 1024, 100, place{100, 100}},
		{"more leave the usual soft limit alone", 20_000, 101, place{101, 1024}},
		{"thousands", 524_288, 5000, place{5000, 1024}},
		{"half of a small limit is the service's", 1024, 5000, place{512, 512}},
		{"half of a middling one", 4096, 5000, place{2048, 1024}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			most, from := Room{tt.limit}.forService(tt.n)
			if diff := cmp.Diff(tt.want, place{most, from}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if from == 100 {
				return
			}
			if from+most > tt.limit {
				t.Errorf("there is no descriptor %d", from+most-1)
			}
		})
	}
}

// What is left does for a look at the kernel's tables and at processes, however small the limit is.
func TestRoomLeavesSome(t *testing.T) {
	for _, tt := range []struct{ limit, last int }{{6, 1}, {8, 3}, {64, 55}, {1024, 959}, {1 << 20, 1<<20 - 65}} {
		if r := (Room{tt.limit}); !r.Allows(tt.last) || r.Allows(tt.last+1) {
			t.Errorf("of %d, %d is not the last", tt.limit, tt.last)
		}
	}
}
