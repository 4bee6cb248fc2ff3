// Package report answers: what does a person, a program or the journal read of what was found and done? Text, JSON, journal entries,
// the line of a wait, and the advice.
package report

import (
	"bufio"
	"io"
	"sync"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag/nat"
	"portguard/netdiag/portrange"
	"portguard/wrapper"
)

// Output is where and how the report goes.
type Output struct {
	w     io.Writer
	Facts func() Facts // read when a report needs them: a start that goes well does not
	flags.Output
	Given    flags.Given
	command  bool // there is one: stdout is the service's
	DryRun   bool
	Prospect Prospect // of a dry run
	paint    page.Paint
	log      cli.Log
}

// NewOutput has the report go to stdout or, in front of a COMMAND, whose stdout is its own, to stderr.
func NewOutput(a *cli.App, o flags.Output, command bool) Output {
	facts := func() Facts {
		f := ReadFacts()
		f.Starts, f.Firewall = command, sync.OnceValue(readRules)
		return f
	}
	out := Output{w: a.Stdout, Facts: sync.OnceValue(facts), Output: o, command: command, log: a.Log}
	if command {
		out.w = a.Stderr
	}
	out.paint = page.Colour(out.w, o.NoColor)
	return out
}

// Reserved corrects what was read: portguard itself has reserved ports since.
func (out *Output) Reserved(all portrange.Set) {
	f := out.Facts()
	f.Reserved = all
	out.Facts = func() Facts { return f }
}

// Report writes it, in the form that was asked for.
func (out Output) Report(r *wrapper.Report) error {
	facts := func() Facts {
		f := out.Facts()
		f.given = out.Given
		return f
	}
	switch {
	case out.JSON:
		return WriteJSON(out.w, r, facts(), out.Prospect)
	case out.Quiet, out.command && r.AllFree() && !out.Verbose && !out.DryRun:
		return nil // a start that goes well says nothing; what a rung did has been said
	case out.log.Journal != nil && cli.IsJournal(out.w):
		toJournal(out.log, r, facts(), out.Verbose || !out.command || out.DryRun)
		return nil
	}
	w := bufio.NewWriter(out.w) // a report on thousands of ports has as many lines
	Text{W: w, Width: page.Width(out.w), Facts: facts(), Now: time.Now(), Paint: out.paint, actions: out.actions()}.Render(r)
	_ = w.Flush() // what could not be written page.Stdio remembers
	return nil
}

// readRules is for a report on endpoints. Who may not read the firewall's rules is not told so each time.
func readRules() *nat.Rules {
	rules, _ := ReadFirewall()
	return rules
}

// actions are those that the report lists: what was said on stderr when it happened is not said again where both are a terminal.
func (out Output) actions() listed {
	switch {
	case out.command:
		return none
	case page.IsTerminal(out.w) && page.IsTerminal(out.log.W):
		return untold
	}
	return every
}

// Prospect is what a dry run would do once it had the ports, beside what it says of each of them.
type Prospect struct {
	Start   []string // COMMAND
	Reserve string   // the ports
}
