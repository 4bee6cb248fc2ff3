package owner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBelow(t *testing.T) {
	p := func(pid, parent int) Stat { return Stat{PID: pid, Parent: parent, StartTicks: uint64(pid)} }
	all := []Stat{p(1, 0), p(10, 1), p(11, 10), p(12, 11), p(13, 10), p(14, 13), p(20, 1), p(21, 20)}
	var got []int
	for _, s := range Below(10, all) {
		got = append(got, s.PID)
	}
	if diff := cmp.Diff([]int{11, 13, 12, 14}, got); diff != "" {
		t.Errorf("below 10 (-want +got)\n%s", diff)
	}
}
