package report

import (
	"fmt"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// Quietly says in one line what --quiet leaves of a report. That a port is taken, or was waited for in vain, the exit status
// tells whoever only asks; but not why a command does not start, who may not do what was allowed, or what the kernel says.
func (out Output) Quietly(r *wrapper.Report) {
	code := reportCode(r)
	switch {
	case out.command && out.DryRun:
		out.log.Say(cli.MsgTaken, journal.PriErr, About(telling(r)), "the command would not be started: "+Shortly(r))
	case out.command:
		out.log.Say(cli.MsgTaken, journal.PriErr, About(telling(r)), "the command was not started: "+Shortly(r))
	case code == cli.ExitNoPerm, code == cli.ExitOSErr:
		out.log.Say(cli.MsgTaken, journal.PriErr, About(telling(r)), Shortly(r))
	}
}

// Shortly says of the most telling endpoint what is wrong, and how many others are not free either.
func Shortly(r *wrapper.Report) string {
	o := telling(r)
	text := Text{}.headline(o)
	if o.Trial.Verdict == netdiag.Taken {
		text = fmt.Sprintf("%s: %s", o.Endpoint, HolderText(o))
	}
	for _, a := range o.Actions {
		if a.Result == decide.NotPermitted {
			text += "; " + outcomeText(a)
			break
		}
	}
	if o.TimedOut {
		text += "; the wait ran out"
	}
	if n := len(r.NotFree().Outcomes); n > 1 {
		text += fmt.Sprintf(" (and %d more)", n-1)
	}
	return text
}

// telling is the first endpoint that gives the report its exit status.
func telling(r *wrapper.Report) *wrapper.Outcome {
	all := r.NotFree().Outcomes
	for i := range all {
		if reportCode(&wrapper.Report{Outcomes: all[i : i+1]}) == reportCode(r) {
			return &all[i]
		}
	}
	return &all[0]
}
