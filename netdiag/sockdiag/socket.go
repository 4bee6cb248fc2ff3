package sockdiag

import (
	"net/netip"
	"time"
)

// Socket is one record of struct inet_diag_msg (include/uapi/linux/inet_diag.h) with the attributes that came with it.
type Socket struct {
	Protocol    uint8 // IPPROTO_TCP or IPPROTO_UDP, as asked; an MPTCP socket shows as its TCP subflow
	Family      uint8 // AF_INET or AF_INET6; a dual-stack socket is AF_INET6 even for an IPv4 peer
	State       State // as reported: a bound TCP socket that neither listens nor is connected reads Close
	Timer       uint8 // 0 none, 1 retransmit, 2 keepalive, 3 the remains' time to live, 4 zero window probe
	Retransmits uint8 // how often Timer has run out in a row

	// Local and Remote have no zone (see Interface). An IPv4 address of an AF_INET6 socket is v4-mapped. Remote is the
	// unspecified address and port 0 where there is no peer.
	Local, Remote netip.AddrPort
	Interface     uint32 // index of the device the socket is bound to, 0 for none

	// Cookie is SO_COOKIE of the descriptor, never used again while the host is up. Not so with MPTCP, where it is the
	// cookie of the subflow, which no descriptor tells: there only Inode leads to the owner.
	Cookie uint64

	// Expires is how long Timer still runs, to the millisecond. For a Minisock the port is free when it is over, unless
	// the peer starts it anew. 0 without Timer.
	Expires time.Duration

	RecvQueue uint32 // bytes not yet read; for a listener, connections not yet accepted
	SendQueue uint32 // bytes not yet acknowledged; for a listener, its backlog
	UID       uint32 // owner of the socket's inode; 0 also for sockets without one
	Inode     uint32 // as fstat has it; 0: no file behind it (remains, orphans, connections not accepted yet)
	CgroupID  uint64 // inode of the cgroup v2 directory that the socket was made in; 0: not said (Linux < 5.8, minisocks)
	V6Only    Tristate
	ULP       string // upper layer protocol, "mptcp" or "tls"; only with Query.Info
	Opened    Opened
}

// Tristate is a fact that the kernel does not always tell.
type Tristate uint8

// Unknown is the zero value. The kernel tells V6Only of AF_INET6 sockets that listen or are in Close, of no others.
const (
	Unknown Tristate = iota
	No
	Yes
)

// Opened says which side opened a TCP connection. It is inferred from how Linux counts bytes: evidence, not proof.
type Opened uint8

// OpenUnknown is the zero value: not asked for (Query.Info), not connected, closing, or nothing to tell it by.
const (
	OpenUnknown Opened = iota
	OpenedActively
	OpenedPassively
)

// Minisock reports whether s is what remains of a closed TCP connection: a record that belongs to no process and goes
// away by itself when Expires is over. Its state reads TimeWait, or FinWait2 while the peer has not closed yet.
func (s Socket) Minisock() bool {
	const timerTimeWait = 3
	return s.Inode == 0 && s.Timer == timerTimeWait && (s.State == TimeWait || s.State == FinWait2)
}
