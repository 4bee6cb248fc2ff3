package main

import (
	"fmt"
	"strings"
)

// row is one line of the results: a number that was measured, and the bar that it has to stay under.
type row struct {
	what, against string
	value         string
	measured      float64
	bar           float64 // 0: there is none, it is told for comparison
	unit          string  // of the bar; "": a ratio
	short         float64 // the bar of -short, wide enough for the noise of few rounds; 0: that has none
}

func ratioRow(what, against string, r ratio, bar float64) row {
	return row{what, against, fmt.Sprintf("%.3g (%.3g to %.3g)", r.value, r.low, r.high), r.value, bar, "", 0}
}

func numberRow(what, against string, measured float64, unit string, bar float64) row {
	return row{what, against, fmt.Sprintf("%.3g %s", measured, unit), measured, bar, " " + unit, 0}
}

// partRow is a number as a part of what it was once; the number itself is told beside it.
func partRow(what, against string, measured float64, unit string, once, bar float64) row {
	part := measured / once
	return row{what, against, fmt.Sprintf("%.3g (%.3g %s)", part, measured, unit), part, bar, "", 0}
}

// passed reports whether the row is under its bar.
func (r row) passed() bool { return r.bar == 0 || r.measured > 0 && r.measured <= r.bar }

// inShort gives the row a bar that -short holds as well.
func (r row) inShort(bar float64) row {
	r.short = bar
	return r
}

// passedShort reports whether the row was measured at all and, where -short has a bar, is under it.
func (r row) passedShort() bool { return r.measured > 0 && (r.short == 0 || r.measured <= r.short) }

// table is the rows in Markdown, each line ending with a line feed.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| what | against | measured | bar | |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		bar, verdict := "", ""
		if r.bar > 0 {
			bar = fmt.Sprintf("%g%s", r.bar, r.unit)
			if verdict = "under"; !r.passed() {
				verdict = "**over**"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.what, r.against, r.value, bar, verdict)
	}
	return b.String()
}
