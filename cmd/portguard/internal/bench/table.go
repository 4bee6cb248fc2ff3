package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// row is one line of the results: a number that was measured, and the bar that it has to stay under.
type row struct {
	what, against string
	value         string
	measured      float64
	bar           float64 // 0: there is none, it is told for comparison
	unit          string  // of the bar; "": a ratio
}

func ratioRow(what, against string, r ratio, bar float64) row {
	return row{what, against, fmt.Sprintf("%.3g (%.3g to %.3g)", r.value, r.low, r.high), r.value, bar, ""}
}

func numberRow(what, against string, measured float64, unit string, bar float64) row {
	return row{what, against, fmt.Sprintf("%.3g %s", measured, unit), measured, bar, " " + unit}
}

// passed reports whether the row is under its bar.
func (r row) passed() bool { return r.bar == 0 || r.measured > 0 && r.measured <= r.bar }

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

const begin, end = "<!-- measured: speed -->\n", "<!-- end -->\n"

// writeBetween replaces what is between the two marks of a file.
func writeBetween(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	updated, err := replaceBetween(old, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, updated, 0o644)
}

func replaceBetween(old []byte, text string) ([]byte, error) {
	before, rest, ok := bytes.Cut(old, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, fmt.Errorf("no place for the table: %q and then %q", begin, end)
	}
	return bytes.Join([][]byte{before, []byte(begin), []byte(text), []byte(end), after}, nil), nil
}
