package holders

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Holder is a socket that holds a port.
type Holder struct {
	Spec
	Local  netip.AddrPort // as getsockname() said before any closing; v4-mapped stays mapped
	V6Only bool           // the socket's ipv6only flag, which bind() may have set
	FD     int            // its descriptor, -1 when no process has it any more
	Peer   int            // the other end of the connection, or the deaf listener of a client in SYN_SENT; -1 when there is none
}

// bring takes the freshly connected, or just bound, holder to its state.
func (h *Holder) bring() error {
	if h.Protocol == unix.IPPROTO_UDP {
		return nil
	}
	switch h.State {
	case Bound, Established, SynSent:
		return nil
	case Listen:
		return os.NewSyscallError("listen", unix.Listen(h.FD, 1))
	}
	c, err := connectionOf(h.FD)
	if err != nil {
		return err
	}
	switch h.State {
	case CloseWait:
		return errors.Join(h.ClosePeer(), c.await(unix.BPF_TCP_CLOSE_WAIT))
	case FinWait1:
		return errors.Join(deafen(h.Peer), shutdown(h.FD), c.await(unix.BPF_TCP_FIN_WAIT1))
	case LastAck:
		return errors.Join(shutdown(h.Peer), c.await(unix.BPF_TCP_CLOSE_WAIT),
			deafen(h.Peer), shutdown(h.FD), c.await(unix.BPF_TCP_LAST_ACK))
	case FinWait2:
		return errors.Join(shutdown(h.FD), c.await(unix.BPF_TCP_FIN_WAIT2))
	case FinWait2Orphan:
		return errors.Join(h.CloseFD(), c.await(unix.BPF_TCP_FIN_WAIT2))
	case FinWait1Orphan:
		return errors.Join(deafen(h.Peer), say(h.FD), h.CloseFD(), c.await(unix.BPF_TCP_FIN_WAIT1))
	case LastAckOrphan:
		return errors.Join(shutdown(h.Peer), c.await(unix.BPF_TCP_CLOSE_WAIT),
			deafen(h.Peer), say(h.FD), h.CloseFD(), c.await(unix.BPF_TCP_LAST_ACK))
	case TimeWait:
		return errors.Join(h.CloseFD(), c.await(unix.BPF_TCP_FIN_WAIT2),
			h.ClosePeer(), c.await(unix.BPF_TCP_TIME_WAIT))
	case Reset:
		return errors.Join(abort(&h.Peer), c.await(unix.BPF_TCP_CLOSE))
	}
	return fmt.Errorf("state %q", h.State)
}

// CloseFD closes the holder's descriptor as a program does that ends: the port may stay held by what remains.
func (h *Holder) CloseFD() error { return closeFD(&h.FD) }

// ClosePeer closes the other end, which for a client of a pool is the server that hangs up.
func (h *Holder) ClosePeer() error { return closeFD(&h.Peer) }

// Close takes the holder away, connection and all, so that the port is free. Only TIME_WAIT outlives it. A second call
// does nothing.
func (h *Holder) Close() error {
	return errors.Join(abort(&h.FD), abort(&h.Peer))
}

func closeFD(fd *int) error {
	if *fd < 0 {
		return nil
	}
	err := unix.Close(*fd)
	*fd = -1
	return os.NewSyscallError("close", err)
}

// abort closes at once: what is left of the connection on the other side ends too.
func abort(fd *int) error {
	if *fd < 0 {
		return nil
	}
	err := unix.SetsockoptLinger(*fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0})
	return errors.Join(os.NewSyscallError("SO_LINGER", err), closeFD(fd))
}

func shutdown(fd int) error {
	return os.NewSyscallError("shutdown", unix.Shutdown(fd, unix.SHUT_WR))
}

// say sends a byte to a deaf peer: data that the kernel goes on trying to deliver after close().
func say(fd int) error {
	_, err := unix.Write(fd, []byte("x"))
	return os.NewSyscallError("write", err)
}
