// Package netdiag answers one question: who stands in the way of a bind()? It knows what the kernel and /proc know of a
// port, and how the kernel decides; it knows no policy.
//
// Everything here is about the network namespace of the calling thread.
package netdiag

import "golang.org/x/sys/unix"

// Protocol is a transport protocol, as its IPPROTO_ number.
type Protocol uint8

// The protocols that portguard guards. MPTCP sockets hold TCP ports.
const (
	TCP Protocol = unix.IPPROTO_TCP
	UDP Protocol = unix.IPPROTO_UDP
)

func (p Protocol) String() string {
	if p == UDP {
		return "udp"
	}
	return "tcp"
}
