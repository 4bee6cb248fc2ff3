package main

import (
	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/wrapper/supervise"
)

// prospect is what a dry run would do once it had the ports, beside what it says of each of them.
type prospect struct {
	start   []string // COMMAND; nil: there is none, or it would not be started
	reserve string   // ports; "" for none
}

// onlyAsks reports whether nothing is to be had in the end, so that no port is held meanwhile.
func (s *attempt) onlyAsks() bool {
	return s.request.policy.DryRun || s.path == "" && !s.request.reserve && !s.request.policy.Acts()
}

// sayStart says what would be started.
func (s *attempt) sayStart() {
	if len(s.out.prospect.start) == 0 || s.request.json || s.request.quiet {
		return
	}
	text := "would start: " + cli.CommandLine(s.out.prospect.start, 0)
	if r := s.request.restart.policy.Restart; s.request.restart.on() && r != supervise.Never {
		text += " (and again: --restart " + string(r) + ")"
	}
	s.app.Log.Say(cli.MsgFree, journal.PriInfo, nil, text)
}
