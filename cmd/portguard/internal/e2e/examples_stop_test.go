package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"portguard/cmd/internal/measured"
)

// stopRounds is how often a stop is measured, each way, where the numbers are to be written down.
func stopRounds() int {
	if *rigLong {
		return 5
	}
	return 1
}

// stops are how long a command took to stop a service that portguard has started, and one that the manager has, in turn.
type stops struct {
	command       string
	with, without []time.Duration
}

func (s *stops) add(guarded bool, took time.Duration) {
	if guarded {
		s.with = append(s.with, took)
	} else {
		s.without = append(s.without, took)
	}
}

// enough says whether there is nothing to be learned from a further stop: portguard makes none slower by a second. On a busy host
// either may have had to wait, so the fastest are compared, of five at most.
func (s *stops) enough() bool {
	if len(s.with) < stopRounds() || len(s.with) < len(s.without) {
		return false
	}
	return len(s.with) >= 5 || slices.Min(s.with) <= slices.Min(s.without)+time.Second
}

// check fails when portguard makes a stop slower by a second.
func (s *stops) check(t *testing.T) {
	t.Helper()
	t.Logf("%s takes %v, without portguard %v", s.command, s.with, s.without)
	if slices.Min(s.with) > slices.Min(s.without)+time.Second {
		t.Errorf("%s takes %v, without portguard %v", s.command, s.with, s.without)
	}
}

// middle is the median.
func middle(times []time.Duration) time.Duration {
	times = slices.Sorted(slices.Values(times))
	return times[len(times)/2]
}

// stopTable writes what was measured into its row of docs/service-managers.md, where -rig.long and -rig.update say so.
func stopTable(t *testing.T, s *stops) {
	t.Helper()
	if t.Failed() || !*rigLong || !*rigUpdate {
		return
	}
	const path, name = "../../../../docs/service-managers.md", "stops"
	table, err := measured.Read(path, name)
	if err != nil {
		t.Fatal(err)
	}
	start := "| `" + s.command + "` |"
	before, after, found := strings.Cut(table, start)
	if found { // the rest of the line from the last time
		_, after, _ = strings.Cut(after, "\n")
	}
	table = fmt.Sprintf("%s%s %s | %s |\n%s", before, start, spread(s.without), spread(s.with), after)
	if err := measured.Write(path, name, table); err != nil {
		t.Fatal(err)
	}
}

// spread is the median, and what was between the fastest and the slowest.
func spread(times []time.Duration) string {
	return fmt.Sprintf("%.2f s (%.2f to %.2f)", middle(times).Seconds(), slices.Min(times).Seconds(), slices.Max(times).Seconds())
}
