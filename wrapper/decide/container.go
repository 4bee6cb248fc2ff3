package decide

import (
	"fmt"
	"os"
	"strings"

	"portguard/netdiag"
	"portguard/wrapper/container"
)

// spares refuses what would harm a whole container, or services that nobody has named, to get one port.
func (j Judge) spares(r Rung, h *netdiag.Holder) Decision {
	part := j.Around.Part(h)
	if sparesContainer(r, part.Role, h.Kind) {
		d := notPossible("%s", part)
		d.Instead = part.Stop(uint32(os.Geteuid())) // for whom the command is meant
		return d
	}
	others := j.Around.Below(h)
	if r == RestartUnit {
		others = j.Around.Beside(h)
	}
	if (r == Kill || r == RestartUnit) && len(others) > 0 {
		return notPossible("other services would end with it: %s", Neighbours(others))
	}
	return Decision{}
}

// sparesContainer: a published port ends with the container, and in no other way. The firewall goes on to pass it to the
// container when the socket is gone, and where the socket is all there is, ending its program cuts off more than one port. A
// connection is only a connection: to cut it harms no more than any other.
func sparesContainer(r Rung, role container.Role, kind netdiag.Kind) bool {
	switch r {
	case Share:
		return role.Outside() && kind == netdiag.Bound
	case Close:
		return role.Outside() && (kind == netdiag.Bound || kind == netdiag.Listener)
	case RestartUnit:
		return role != container.None
	case Kill:
		return role == container.Main || role.Outside()
	}
	return false
}

// Neighbours names services by their processes and ports, in one clause.
func Neighbours(all []netdiag.Neighbour) string {
	const most = 5
	var b strings.Builder
	for i, n := range all {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(all)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(n.Process.Named() + " on")
		for k, port := range n.Ports {
			if k == most {
				b.WriteString(" ...")
				break
			}
			fmt.Fprintf(&b, " %d", port)
		}
	}
	return b.String()
}
