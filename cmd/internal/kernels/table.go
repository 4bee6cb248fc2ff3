package main

import (
	"fmt"
	"slices"
	"strings"
)

// render writes the table in Markdown: rows of what has to work, columns of kernels, and below what is different where.
func render(columns []column) string {
	var b strings.Builder
	notes := &footnotes{}
	b.WriteString("| |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.release)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, s := range rows() {
		fmt.Fprintf(&b, "| **%s** |%s\n", s.title, strings.Repeat(" |", len(columns)))
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| %s |", r.what)
			for _, c := range columns {
				fmt.Fprintf(&b, " %s |", c.cell(r, notes))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString(notes.list())
	return b.String()
}

// cell tells how a row went: "ok" when every test passed, "no" when all were skipped, and where some took another way or
// were skipped the numbers of what they said.
func (c column) cell(r row, notes *footnotes) string {
	var passed, skipped, failed int
	var why []string
	var counts []count
	for _, t := range c.results {
		if !r.covers(t.pkg, t.test) {
			continue
		}
		for _, n := range t.counts {
			counts = add(counts, n)
		}
		why = append(why, t.notes...)
		switch {
		case t.failed():
			failed++
		case t.parent:
		case t.action == "skip":
			skipped++
			why = append(why, strings.Join(t.said, " "))
		default:
			passed++
		}
	}
	cell := "ok"
	switch {
	case failed > 0:
		cell = "**fails**"
	case passed+skipped == 0:
		cell = "not run"
	case passed == 0:
		cell = "no"
	}
	for _, n := range counts {
		cell += fmt.Sprintf(", %d %s", n.n, n.what)
	}
	if numbers := notes.number(why); numbers != "" {
		cell += " (" + numbers + ")"
	}
	return cell
}

// add sums up what is of one kind.
func add(counts []count, n count) []count {
	for i := range counts {
		if counts[i].what == n.what {
			counts[i].n += n.n
			return counts
		}
	}
	return append(counts, n)
}

// footnotes are numbered as they come; the same text has the same number.
type footnotes struct{ all []string }

func (f *footnotes) number(texts []string) string {
	var numbers []int
	for _, text := range texts {
		i := slices.Index(f.all, text)
		if i < 0 {
			i = len(f.all)
			f.all = append(f.all, text)
		}
		if !slices.Contains(numbers, i+1) {
			numbers = append(numbers, i+1)
		}
	}
	slices.Sort(numbers)
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}

// list is what stands below the table.
func (f *footnotes) list() string {
	var b strings.Builder
	for i, n := range f.all {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%d. %s\n", i+1, n)
	}
	return b.String()
}
