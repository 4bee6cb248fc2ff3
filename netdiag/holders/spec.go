// Package holders makes sockets that really hold a port, in every state and by every way that a socket can come to one,
// for tests of what portguard says and does about them. Test support only: it belongs into a network namespace of its
// own (package nstest), whose ip_local_port_range it changes.
package holders

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// State is what a holder is brought to. Orphans and TimeWait have no file descriptor and no process left.
type State string

// The states. A UDP socket is Bound, or Established when it has been connected.
const (
	Bound          State = "BOUND" // bound, neither listening nor connected
	Listen         State = "LISTEN"
	Established    State = "ESTABLISHED"
	SynSent        State = "SYN_SENT"
	CloseWait      State = "CLOSE_WAIT"
	FinWait1       State = "FIN_WAIT1"
	FinWait2       State = "FIN_WAIT2"
	LastAck        State = "LAST_ACK"
	FinWait2Orphan State = "FIN_WAIT2 orphan" // a minisock, as TIME_WAIT is
	FinWait1Orphan State = "FIN_WAIT1 orphan"
	LastAckOrphan  State = "LAST_ACK orphan"
	TimeWait       State = "TIME_WAIT"
	Reset          State = "RESET" // closed by the peer; a socket that did not ask for the port has lost it
)

// Minisock reports whether the kernel keeps only a small record of the connection, with an end already set.
func (s State) Minisock() bool { return s == TimeWait || s == FinWait2Orphan }

func (s State) connected() bool { return s != Bound && s != Listen }

// Origin is how the socket came to its port.
type Origin string

// The origins.
const (
	Named            Origin = "bind(port)"
	Picked           Origin = "picked"                 // the kernel chose, at connect(), bind(0) or sendto()
	AcceptedWildcard Origin = "accepted by wildcard"   // server side; the listener, on every address, is gone
	AcceptedSpecific Origin = "accepted by an address" // the same from a listener on Options.Addr
)

func (o Origin) accepted() bool { return o == AcceptedWildcard || o == AcceptedSpecific }

// Spec describes one holder.
//
// A connected holder's Addr is its own, and its peer's too: an address of this host, not a wildcard. An accepted socket
// on a v4-mapped address comes from a [::] listener, one way and the other. A UDP socket that is Bound and Picked has
// sent a datagram to loopback in the family of Addr (::ffff:0.0.0.0 for v4-mapped) and holds the wildcard.
type Spec struct {
	Options
	State  State
	Origin Origin
}

func (s Spec) String() string { return fmt.Sprintf("%s, %s, %s", s.State, s.Origin, s.Options) }

// check refuses what no sequence of calls leads to.
func (s Spec) check() error {
	switch {
	case s.Protocol != unix.IPPROTO_TCP && s.Protocol != unix.IPPROTO_UDP:
		return fmt.Errorf("protocol %d", s.Protocol)
	case !s.Addr.IsValid():
		return fmt.Errorf("no address")
	case s.Origin != Named && s.Origin != Picked && !s.Origin.accepted():
		return fmt.Errorf("origin %q", s.Origin)
	case s.Protocol == unix.IPPROTO_UDP && s.State != Bound && s.State != Established:
		return fmt.Errorf("no UDP socket is in %s", s.State)
	case s.Origin.accepted() && (s.Protocol == unix.IPPROTO_UDP || !s.State.connected() || s.State == SynSent):
		return fmt.Errorf("no %s socket is accepted", s.State)
	case s.State.connected() && s.Addr.Unmap().IsUnspecified():
		return fmt.Errorf("%s on a wildcard address", s.State)
	}
	return nil
}
