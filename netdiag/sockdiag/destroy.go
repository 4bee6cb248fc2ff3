package sockdiag

import (
	"context"

	"golang.org/x/sys/unix"
)

// Destroy ends s as if by the hand of an administrator (SOCK_DESTROY), if it still is the same socket: the kernel
// compares addresses, ports, device and cookie. It returns when the kernel has done so. The owner's calls fail with
// ECONNABORTED, the peer of a connection gets a reset; nothing waits in TIME_WAIT. Whether the port is free then only a
// bind() tells: a socket that asked for its port by number, or listened, keeps it until its owner closes it.
//
// It needs CAP_NET_ADMIN in the user namespace that owns the network namespace. Of errors, beside ErrGone:
// EPERM is a lack of that; EOPNOTSUPP a kernel without CONFIG_INET_DIAG_DESTROY, or one that cannot destroy this kind
// (Minisocks before Linux 6.0 or so; bound TCP sockets in Close); EINVAL a listening MPTCP socket.
func (c *Conn) Destroy(ctx context.Context, s Socket) error {
	if s.Protocol == unix.IPPROTO_TCP && s.State == Close {
		// In none of the tables that the kernel looks in: it would say ENOENT of a socket that is there.
		return socketError(OpDestroy, s, unix.EOPNOTSUPP)
	}
	err := c.exchange(ctx, socketRequest(msgDestroy, unix.NLM_F_ACK, s, 0), func([]byte) error { return nil })
	if err != nil {
		return socketError(OpDestroy, s, err)
	}
	return nil
}
