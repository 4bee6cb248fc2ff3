package advise

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

// always keeps it from happening again.
func (a *advisor) always() {
	var ports []uint16
	for _, o := range a.outcomes {
		client := slices.ContainsFunc(o.Holders, func(h netdiag.Holder) bool { return h.Kind == netdiag.Client })
		if port := o.Endpoint.Port; client && a.facts.Ephemeral.Contains(port) && !a.facts.Reserved.Contains(port) {
			ports = append(ports, port)
		}
	}
	if line, effect := a.reserve(portrange.Of(ports...)); line != "" {
		a.all = append(a.all, Line{"always", line, effect})
	}
	if a.costs && a.again.unit == "" {
		again := a.again
		again.given.Rest = nil
		a.all = append(a.all, Line{
			"always",
			again.line([]string{"portguard", "--hold", "none", "--reserve"}, again.endpoints, "--", "COMMAND"),
			"if COMMAND is what listens here: without SO_REUSEADDR, a socket that holds the port would cost it one",
		})
	}
}

// reserve is how `portguard reserve` does it, "" where it would not.
func (a *advisor) reserve(ports portrange.Set) (line, effect string) {
	sudo := ""
	switch err := a.facts.Unreservable; {
	case len(ports) == 0, errors.Is(err, unix.EROFS):
		return "", ""
	case errors.Is(err, fs.ErrPermission):
		if sudo = a.sudo(); sudo == "" && os.Geteuid() != 0 && a.again.unit == "" {
			return "", ""
		}
	}
	effect = fmt.Sprintf("the kernel never picks %s again", ports)
	before := portrange.Set{a.facts.Ephemeral}.Minus(a.facts.Reserved).Len()
	left, enough := a.facts.Ephemeral.Left(a.facts.Reserved.Union(ports), a.facts.Reserved)
	switch {
	case enough:
		return sudo + "portguard reserve " + ports.String(), effect
	case left*100 >= before*99:
		return sudo + "portguard reserve --force " + ports.String(), fmt.Sprintf("%s, and has %d others; a wider ip_local_port_range would be better", effect, left)
	}
	return "", ""
}

// sudo stands before what takes root, where this user is another. In a unit's journal it is read by whoever may change the unit.
func (a *advisor) sudo() string {
	if a.judge.MayRise && a.again.unit == "" {
		return "sudo "
	}
	return ""
}
