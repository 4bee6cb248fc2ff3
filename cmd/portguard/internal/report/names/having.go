package names

import (
	"fmt"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
)

// Having says in a clause who has a port: "java (pid 1988719, order.service) has it". The second part of it changes with every
// connection: " -> 10.11.0.9:7000 and 3 more".
func Having(all []netdiag.Holder) (who, more string) {
	if len(all) == 0 {
		return "taken by a socket that does not show", ""
	}
	h := all[0]
	who = Nobody(h) + WhereOf(h.Cgroup)
	if keepers := h.Keepers(); len(keepers) > 0 {
		who = fmt.Sprintf("%s (pid %d%s)", page.Safe(keepers[0].Command), keepers[0].PID, WhereOf(CgroupOf(h, keepers[0])))
	}
	switch h.Kind {
	case netdiag.Remains, netdiag.Closing:
		who = fmt.Sprintf("%s of a closed connection", h.Socket.State)
		more = " to " + netdiag.Plain(h.Socket.Remote).String()
	case netdiag.Listener:
		who += " listens"
	default:
		who += " has it"
		more = Arrow(h)
	}
	if n := len(all) - 1; n > 0 {
		more += fmt.Sprintf(" and %d more", n)
	}
	return who, more
}

// WhoHas is both parts of Having.
func WhoHas(all []netdiag.Holder) string {
	who, more := Having(all)
	return who + more
}
