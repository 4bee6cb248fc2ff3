package flags

import (
	"slices"

	"github.com/spf13/pflag"
)

// Given is what a command line of the main command allows beside its endpoints, as its words: what advice about the same ports repeats.
type Given struct {
	Ladder []string // the rungs, and what narrows or goes with them
	Kill   []string // of those, what is about --kill alone
	Cut    []string // and what is about every rung that harms
	Rest   []string // how COMMAND is to be started
}

// unrepeated are flags that advice does not repeat: what is asked about has words of its own, and how the answer looks is nobody's
// business later.
var unrepeated = []string{"port", "reuseaddr", "no-reuseaddr", "reuseport", AsUserFlag[2:], "v6only", "freebind", NetnsFlag[2:], "dry-run", "json", "quiet", "no-color", "verbose", "help"}

// GivenOf sorts the flags that were given.
func GivenOf(fs *pflag.FlagSet) Given {
	var g Given
	fs.Visit(func(f *pflag.Flag) {
		_, words := Spelled(func(visit func(*pflag.Flag)) { visit(f) })
		switch f.Name {
		case "only":
			g.Cut = append(g.Cut, words...)
		case "signal", "grace":
			g.Kill = append(g.Kill, words...)
		case "share", "wait", "close", "restart-unit", "kill", "kill-listeners":
		default:
			if !slices.Contains(unrepeated, f.Name) {
				g.Rest = append(g.Rest, words...)
			}
			return
		}
		g.Ladder = append(g.Ladder, words...)
	})
	return g
}
