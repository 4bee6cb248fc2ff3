package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A situation that a kernel cannot be in has no numbers of it.
func TestTableOfChances(t *testing.T) {
	columns := []column{
		{release: "5.10", results: []result{
			{test: "T/a", said: []string{"-risk.seed 1", "told 9.0 %, counted 8.5 %, ±2.0 % in 200 trials: TIME_WAIT"}, notes: []string{"other remains"}},
		}},
		{release: "7.3", results: []result{
			{test: "T/a", said: []string{"told 9.2 %, counted 9.5 %, ±2.0 % in 200 trials: TIME_WAIT"}},
			{test: "T/b", said: []string{"told 41.0 %, counted 44.5 %, ±3.5 % in 200 trials: step width"}},
		}},
	}
	const want = `| told : counted, % | 5.10 | 7.3 | together |
|---|---|---|---|
| TIME_WAIT | 9.0 : 8.5 ±2.0 (1) | 9.2 : 9.5 ±2.0 | 9.1 : 9.0 ±1.4 |
| step width | — | 41.0 : 44.5 ±3.5 | 41.0 : 44.5 ±3.5 |

1. other remains
`
	if diff := cmp.Diff(want, renderChances(columns)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
