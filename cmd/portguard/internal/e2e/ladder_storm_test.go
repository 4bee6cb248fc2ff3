package e2e

import (
	"fmt"
	"sync"
	"testing"
)

// storm starts programs that make connections as fast as they can, until stop or the end of the test. It returns how many
// there were, and how many of them were given a port of the range that the flags -low and -high say.
func (l *ladder) storm(t *testing.T, programs int, flags ...string) (stop func() (made, watched int)) {
	t.Helper()
	program := builds.build(t, "./testdata/ladder/storm")
	var all []*actor
	for range programs {
		argv := append([]string{program, "-to", number(l.port())}, flags...)
		all = append(all, launch(t, argv...))
	}
	for _, p := range all {
		p.expect(t, "ready")
	}
	stop = sync.OnceValues(func() (made, watched int) {
		for _, p := range all {
			if err := p.stdin.Close(); err != nil {
				t.Error(err)
			}
		}
		for _, p := range all {
			var m, w int
			if _, err := fmt.Sscan(p.expect(t, "made "), &m, &w); err != nil {
				t.Error(err)
			}
			made, watched = made+m, watched+w
		}
		t.Logf("%d connections in the storm", made)
		return made, watched
	})
	t.Cleanup(func() { stop() })
	return stop
}
