package netdiag

import (
	"context"

	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// mptcpSockets are the MPTCP sockets behind subflows that no process shows for: somebody has them, or all have closed them.
// The zero value knows of none.
type mptcpSockets struct {
	had    map[uint32]bool // by inode
	closed map[ends]bool
}

// ends tell a connection from others.
type ends struct{ local, remote string }

// endsOf are the same for a socket and its subflow, whichever of the two has the address v4-mapped.
func endsOf(s sockdiag.Socket) ends { return ends{Plain(s.Local).String(), Plain(s.Remote).String()} }

// mptcp asks for the MPTCP sockets when some of the candidates are subflows without an owner. Where they cannot be asked
// for, nothing is known of them.
func (p *Prober) mptcp(ctx context.Context, findings []*Finding, found owner.Result, t *tables) (m mptcpSockets) {
	if p.degraded != nil || !orphanedSubflow(findings, found, t) {
		return m
	}
	sockets, err := p.diag.MPTCP(ctx)
	if err != nil {
		return m
	}
	m.had, m.closed = map[uint32]bool{}, map[ends]bool{}
	for _, s := range sockets {
		if s.Inode != 0 {
			m.had[s.Inode] = true
		} else {
			m.closed[endsOf(s)] = true
		}
	}
	return m
}

func orphanedSubflow(findings []*Finding, found owner.Result, t *tables) bool {
	for _, f := range findings {
		for s := range t.candidates(f) {
			if isSubflow(s) && len(found.Owners[s.Inode]) == 0 {
				return true
			}
		}
	}
	return false
}

// isSubflow is about connections: a listener's subflow goes with it.
func isSubflow(s sockdiag.Socket) bool {
	return s.ULP == "mptcp" && s.Inode != 0 && s.State != sockdiag.Listen
}

// closed reports whether a socket is a subflow that all processes have closed.
func (t *tables) closed(s sockdiag.Socket) sockdiag.Tristate {
	if outlived(s, t.evidence(s)) {
		return sockdiag.Yes
	}
	return t.mptcp.closedBy(s)
}

// closedBy reports whether all processes have closed the socket that a subflow belongs to.
func (m mptcpSockets) closedBy(s sockdiag.Socket) sockdiag.Tristate {
	switch {
	case !isSubflow(s), m.had[s.Inode]:
		return sockdiag.No
	case m.closed[endsOf(s)]:
		return sockdiag.Yes
	}
	return sockdiag.Unknown
}
