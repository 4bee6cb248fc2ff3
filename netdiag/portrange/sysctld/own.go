package sysctld

import (
	"fmt"
	"slices"
	"strings"
)

// Own is the text of a drop-in that sets one key, with comments above it.
func Own(key, value string, comments ...string) []byte {
	var b strings.Builder
	for _, c := range comments {
		fmt.Fprintf(&b, "# %s\n", c)
	}
	fmt.Fprintf(&b, "%s = %s\n", strings.ReplaceAll(key, "/", "."), value)
	return []byte(b.String())
}

// An Override is a line of another file that takes away what a drop-in sets.
type Override struct {
	Program Program
	Line    Line
	// Refused: the program gets no further with the line than to be refused, and sets nothing.
	Refused bool
}

// Overrides are the lines that have the last word on a key instead of the drop-in, one a program.
func (c Config) Overrides(dropin, key string, valid func(value string) bool) []Override {
	var all []Override
	for _, p := range []Program{Systemd, Procps} {
		l, ok := c.Value(p, key, valid)
		switch {
		case ok && l.Path == dropin:
			continue
		case !ok:
			about := c.about(p, key)
			i := slices.IndexFunc(about, func(l Line) bool { return l.Path == dropin })
			if i < 0 {
				continue
			}
			l = about[len(about)-1] // behind ours, or it would not be it
		}
		all = append(all, Override{Program: p, Line: l, Refused: !ok})
	}
	return all
}
