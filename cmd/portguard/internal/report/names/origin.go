package names

import (
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

const (
	maxOrigins = 3 // of one holder's processes
	maxParents = 6
)

// Origins are where the owners come from, but for those that another one has started.
func Origins(h netdiag.Holder, around decide.Around) (all []string) {
	for _, p := range h.Owners {
		started := slices.ContainsFunc(h.Owners, func(o owner.Process) bool { return o.PID == p.Parent })
		if from := fromText(p, around.Origin(p)); from != "" && !started && len(all) < maxOrigins {
			all = append(all, from)
		}
	}
	return all
}

// fromText is where a process comes from, as "nginx <- bash <- sshd, in /srv"; "" where that is not known.
func fromText(p owner.Process, from decide.Origin) string {
	if len(from.Parents) == 0 && from.Dir == "" {
		return ""
	}
	line := []string{page.Safe(p.Command)}
	for i, parent := range from.Parents {
		if i == maxParents {
			line = append(line, "...")
			break
		}
		line = append(line, page.Safe(parent.Command))
	}
	text := strings.Join(line, " <- ")
	if from.Dir != "" {
		text += ", in " + page.Safe(from.Dir)
	}
	return text
}
