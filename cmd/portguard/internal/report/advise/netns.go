package advise

import (
	"strings"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/page"
)

// there has the advised lines act in the network namespace that was asked about: a COMMAND has to be started in it.
func there(all []Line, n flags.Netns) []Line {
	if n.Netns == "" {
		return all
	}
	for i := range all {
		line, sudo := strings.CutPrefix(all[i].Command, "sudo ")
		line, ours := strings.CutPrefix(line, "portguard ")
		if !ours {
			continue
		}
		if ports, reserves := strings.CutPrefix(line, "reserve "); reserves {
			line = page.CommandLine([]string{"portguard", "reserve", flags.NetnsFlag, n.Netns}, 0) + " " + ports // or "--force" and ports
		} else {
			line = page.CommandLine([]string{"nsenter", "--net=" + n.Path()}, 0) + " portguard " + line
		}
		if sudo {
			line = "sudo " + line
		}
		all[i].Command = line
	}
	return all
}
