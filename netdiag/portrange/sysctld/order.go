package sysctld

import (
	"cmp"
	"slices"
)

// Write is one line that a program writes to a key.
type Write struct {
	Key  string
	Line Line
	when Line // whose place it has among the others
}

// Written are the lines that a program writes to some keys (kernel's form, no patterns), in the order in which it does, for keys of which
// one decides what the kernel takes for another. What becomes of each is the kernel's affair.
func (c Config) Written(p Program, keys ...string) []Write {
	var all []Write
	for _, key := range keys {
		lines := c.about(p, key)
		if p == Procps {
			for _, l := range unhidden(lines) {
				all = append(all, Write{key, l, l})
			}
		} else if l, ok := settled(lines); ok {
			all = append(all, Write{key, l, sinceWhen(lines, l)})
		}
	}
	place := map[string]int{c.Main.Path: len(c.Dropins)}
	for i, f := range c.Dropins {
		place[f.Path] = i
	}
	slices.SortStableFunc(all, func(a, b Write) int {
		return cmp.Or(cmp.Compare(place[a.when.Path], place[b.when.Path]), cmp.Compare(a.when.Number, b.when.Number))
	})
	return all
}

// sinceWhen is the first of the last lines that say the same of a key: systemd-sysctl leaves a setting in its place when a line says it
// once more.
func sinceWhen(lines []Line, settled Line) Line {
	first := settled
	for _, l := range slices.Backward(lines[:slices.Index(lines, settled)]) {
		if l.Key != settled.Key || l.Excludes {
			continue
		}
		if l.Value != settled.Value {
			break
		}
		first = l
	}
	return first
}
