package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTableSaysWhatIsOverItsBar(t *testing.T) {
	rows := []row{
		ratioRow("a", "b", ratio{0.5, 0.4, 0.6}, 0.5),
		ratioRow("c", "d", ratio{1.25, 1, 2}, 1.2),
		ratioRow("for comparison", "e", ratio{7, 6, 8}, 0),
		numberRow("memory", "", 13.25, "MiB", 24),
		partRow("memory", "the 16 MiB that it took once", 10, "MiB", 16, 0.75),
		partRow("memory", "the 8 MiB that it took once", 10, "MiB", 8, 0.75),
		numberRow("not measured", "", 0, "ms", 3),
	}
	want := `| what | against | measured | bar | |
|---|---|---|---|---|
| a | b | 0.5 (0.4 to 0.6) | 0.5 | under |
| c | d | 1.25 (1 to 2) | 1.2 | **over** |
| for comparison | e | 7 (6 to 8) |  |  |
| memory |  | 13.2 MiB | 24 MiB | under |
| memory | the 16 MiB that it took once | 0.625 (10 MiB) | 0.75 | under |
| memory | the 8 MiB that it took once | 1.25 (10 MiB) | 0.75 | **over** |
| not measured |  | 0 ms | 3 ms | **over** |
`
	if diff := cmp.Diff(want, table(rows)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
