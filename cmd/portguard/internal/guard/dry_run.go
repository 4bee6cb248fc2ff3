package guard

import (
	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/page"
	"portguard/wrapper/supervise"
)

// onlyAsks reports whether nothing is to be had in the end, so that no port is held meanwhile.
func (s *attempt) onlyAsks() bool {
	return s.request.policy.DryRun || s.path == "" && !s.request.reserve && !s.request.policy.Acts()
}

// sayStart says what would be started.
func (s *attempt) sayStart() {
	if len(s.out.Prospect.Start) == 0 || s.request.JSON || s.request.Quiet {
		return
	}
	text := "would start: " + page.CommandLine(s.out.Prospect.Start, 0)
	if r := s.request.restart.policy.Restart; s.request.restart.on() && r != supervise.Never {
		text += " (and again: --restart " + string(r) + ")"
	}
	s.app.Log.Say(cli.MsgFree, journal.PriInfo, nil, text)
}
