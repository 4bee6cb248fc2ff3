package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// chance is what was told and counted of a situation, in percent.
type chance struct{ told, counted, deviation float64 }

// saidChance is how TestPredictedAgainstCounted says it.
var saidChance = regexp.MustCompile(`^told ([\d.]+) %, counted ([\d.]+) %, ±([\d.]+) % in \d+ trials: (.*)`)

// chances are those of a kernel, by situation, in the order in which it was in them.
func (c column) chances() (situations []string, all map[string]chance, notes map[string][]string) {
	all, notes = map[string]chance{}, map[string][]string{}
	for _, r := range c.results {
		for _, line := range r.said {
			m := saidChance.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			var n [3]float64
			for i := range n {
				n[i], _ = strconv.ParseFloat(m[i+1], 64) // digits and points
			}
			situations = append(situations, m[4])
			all[m[4]], notes[m[4]] = chance{n[0], n[1], n[2]}, r.notes
		}
	}
	return situations, all, notes
}

func (c chance) String() string {
	return fmt.Sprintf("%.1f : %.1f ±%.1f", c.told, c.counted, c.deviation)
}

// together is the mean of as many trials each.
func together(all []chance) chance {
	var sum chance
	for _, c := range all {
		sum.told += c.told / float64(len(all))
		sum.counted += c.counted / float64(len(all))
		sum.deviation = math.Hypot(sum.deviation, c.deviation/float64(len(all)))
	}
	return sum
}

// renderChances writes the table in Markdown: a row for each situation, a column for each kernel, and one for all of them.
func renderChances(columns []column) string {
	footnotes := &footnotes{}
	var rows []string
	var b strings.Builder
	b.WriteString("| told : counted, % |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.release)
		situations, _, _ := c.chances()
		for _, s := range situations {
			if !slices.Contains(rows, s) {
				rows = append(rows, s)
			}
		}
	}
	b.WriteString(" together |\n|---|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, s := range rows {
		fmt.Fprintf(&b, "| %s |", s)
		var counted []chance
		for _, c := range columns {
			_, all, notes := c.chances()
			if _, ok := all[s]; !ok {
				b.WriteString(" — |")
				continue
			}
			counted = append(counted, all[s])
			fmt.Fprintf(&b, " %s", all[s])
			if numbers := footnotes.number(notes[s]); numbers != "" {
				fmt.Fprintf(&b, " (%s)", numbers)
			}
			b.WriteString(" |")
		}
		fmt.Fprintf(&b, " %s |\n", together(counted))
	}
	return b.String() + footnotes.list()
}
