package report

import (
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/owner"
	"portguard/wrapper"
)

const (
	maxOrigins = 3 // of one holder's processes
	maxParents = 6
)

// fromText is where a process comes from, as "nginx <- bash <- sshd, in /srv"; "" where that is not known.
func fromText(p owner.Process, from wrapper.Origin) string {
	if len(from.Parents) == 0 && from.Dir == "" {
		return ""
	}
	line := []string{cli.Safe(p.Command)}
	for i, parent := range from.Parents {
		if i == maxParents {
			line = append(line, "...")
			break
		}
		line = append(line, cli.Safe(parent.Command))
	}
	text := strings.Join(line, " <- ")
	if from.Dir != "" {
		text += ", in " + cli.Safe(from.Dir)
	}
	return text
}
