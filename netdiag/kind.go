package netdiag

import "portguard/netdiag/sockdiag"

// Kind says what a holder is to the people who run it.
type Kind uint8

// The kinds. The zero value is not a kind.
const (
	_           Kind = iota
	Listener         // accepts connections; for UDP: bound to a port that it named, open to every sender
	Client           // an outgoing connection whose port the kernel picked
	BoundClient      // an outgoing connection whose port was asked for by bind()
	Accepted         // the server's side of a connection
	Bound            // bound, neither connected nor listening
	Remains          // TIME_WAIT or FIN_WAIT2, owned by no process
	Closing          // owned by no process, with data still to send
	Kernel           // a socket of the kernel itself: NFS, a tunnel device
)

func (k Kind) String() string {
	names := [...]string{"", "listener", "client", "bound-client", "accepted", "bound", "remains", "closing", "kernel"}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}

// Evidence is what tells the kinds apart beside the socket's own record.
type Evidence struct {
	// Auto is INET_DIAG_BC_AUTO: the port was not named in a bind(). Accepted sockets and minisocks have it, too.
	Auto sockdiag.Tristate
	// ListenerBeside: another socket listens on the same port.
	ListenerBeside bool
	// InEphemeralRange: the kernel picks ports like this one.
	InEphemeralRange bool
}

// KindOf tells what a socket is. It never answers Kernel, which takes a look at every process.
func KindOf(s sockdiag.Socket, ev Evidence) Kind {
	if Protocol(s.Protocol) == UDP {
		return udpKind(s, ev)
	}
	switch s.State {
	case sockdiag.Listen:
		return Listener
	case sockdiag.Close, sockdiag.BoundInactive:
		return Bound
	case sockdiag.SynRecv, sockdiag.NewSynRecv:
		return Accepted
	case sockdiag.TimeWait:
		return Remains
	}
	switch {
	case s.Inode == 0 && !outlived(s, ev):
		return ownerlessKind(s)
	case ev.Auto == sockdiag.No:
		return BoundClient
	case s.State == sockdiag.SynSent || s.Opened == sockdiag.OpenedActively:
		return Client
	case s.Opened == sockdiag.OpenedPassively || ev.ListenerBeside || !ev.InEphemeralRange:
		return Accepted
	}
	return Client
}

// outlived reports whether a socket without an inode is a subflow whose program has closed its MPTCP connection: Linux 6.12.118
// lists it like that, other kernels with the inode that it had. A connection that waits to be accepted has no inode either,
// but a listener beside it, and was opened by the peer. Some kernels tell users without rights no ULP, so two signs of three do.
func outlived(s sockdiag.Socket, ev Evidence) bool {
	if s.Inode != 0 || s.State != sockdiag.Established && s.State != sockdiag.CloseWait {
		return false
	}
	signs := 0
	for _, sign := range []bool{s.ULP == "mptcp", s.Opened == sockdiag.OpenedActively, !ev.ListenerBeside} {
		if sign {
			signs++
		}
	}
	return signs >= 2
}

func ownerlessKind(s sockdiag.Socket) Kind {
	switch s.State {
	case sockdiag.FinWait2:
		return Remains
	case sockdiag.FinWait1, sockdiag.LastAck, sockdiag.Closing:
		return Closing
	}
	return Accepted // not yet accept()ed
}

func udpKind(s sockdiag.Socket, ev Evidence) Kind {
	switch {
	case ev.Auto == sockdiag.Yes:
		return Client
	case s.State == sockdiag.Established:
		return BoundClient
	}
	return Listener
}
