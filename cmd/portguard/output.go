package main

import (
	"io"
	"sync"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
	"portguard/wrapper"
)

// output is where and how the report goes.
type output struct {
	w     io.Writer
	facts func() hostFacts // read when a report needs them: a start that goes well does not
	outputFlags
	command  bool // there is one: stdout is the service's
	dryRun   bool
	prospect prospect // of a dry run
	paint    cli.Paint
	log      cli.Log
}

func newOutput(a *cli.App, o outputFlags, command bool) output {
	out := output{w: a.Stdout, facts: sync.OnceValue(readFacts), outputFlags: o, command: command, log: a.Log}
	if command {
		out.w = a.Stderr
	}
	out.paint = a.Colour(out.w, o.noColor)
	return out
}

// reserved corrects what was read: portguard itself has reserved ports since.
func (out *output) reserved(all portrange.Set) {
	f := out.facts()
	f.Reserved = all
	out.facts = func() hostFacts { return f }
}

func (out output) report(r *wrapper.Report) error {
	switch {
	case out.json:
		return renderJSON(out.w, r, out.facts(), out.prospect)
	case out.quiet, out.command && r.AllFree() && !out.verbose && !out.dryRun:
		return nil // a start that goes well says nothing; what a rung did has been said
	case out.log.Journal != nil && cli.IsJournal(out.w):
		toJournal(out.log, r, out.facts(), out.verbose || !out.command || out.dryRun)
		return nil
	}
	textReport{w: out.w, facts: out.facts(), now: time.Now(), paint: out.paint, actions: !out.command}.render(r)
	return nil
}

// readFacts leaves out what cannot be read: the report says less then, and says it.
func readFacts() hostFacts {
	var f hostFacts
	f.Ephemeral, _ = portrange.Ephemeral()
	f.Reserved, _ = portrange.Reserved()
	return f
}
