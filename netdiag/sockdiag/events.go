package sockdiag

import (
	"os"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Events tells that sockets went away, without polling. An event is a hint to look again, never proof: at an active
// close it comes at once though TIME_WAIT still holds the port, and none comes when TIME_WAIT ends, when a socket is
// destroyed (until its owner closes it), or at the close of a connection with unsent data (until that has gone). So
// wait with a timer as well. For one goroutine at a time.
type Events struct {
	socket *nl.NetlinkSocket
}

// Subscribe asks for the destroy events of TCP and UDP sockets of both families in the network namespace of the calling
// thread. Only those with a local port in ports (nil: any) arrive; where ports has very many gaps, some between them arrive
// too. It needs no privilege; with CAP_NET_ADMIN the receive buffer
// is larger than the system's limit.
func Subscribe(ports []PortRange) (*Events, error) {
	s, err := nl.Subscribe(unix.NETLINK_INET_DIAG) // groups follow when the filter is in place
	if err != nil {
		return nil, &Error{Op: OpSubscribe, Err: err}
	}
	if err := subscribe(s, ports); err != nil {
		s.Close()
		return nil, &Error{Op: OpSubscribe, Err: err}
	}
	return &Events{socket: s}, nil
}

func subscribe(s *nl.NetlinkSocket, ports []PortRange) error {
	if err := unix.SetNonblock(s.GetFd(), true); err != nil {
		return err
	}
	const bufferSize = 4 << 20 // an event takes about 1 KiB of it
	if s.SetReceiveBufferSize(bufferSize, true) != nil {
		if err := s.SetReceiveBufferSize(bufferSize, false); err != nil { // as far as net.core.rmem_max allows
			return err
		}
	}
	if ports != nil {
		if err := attachFilter(s.GetFd(), filter(cover(ports, maxRanges))); err != nil {
			return err
		}
	}
	for _, group := range []int{
		1, // SKNLGRP_INET_TCP_DESTROY
		2, // SKNLGRP_INET_UDP_DESTROY
		3, // SKNLGRP_INET6_TCP_DESTROY
		4, // SKNLGRP_INET6_UDP_DESTROY
	} {
		if err := unix.SetsockoptInt(s.GetFd(), unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, group); err != nil {
			return err
		}
	}
	return nil
}

// FD is to poll for reading: POLLIN when there are events, POLLERR when some were lost. -1 after Close.
func (e *Events) FD() int {
	if e.socket == nil {
		return -1
	}
	return e.socket.GetFd()
}

// Drain takes all events there are, without waiting, and returns how many. lost says that the receive buffer ran over
// and more than those went by. An error is the end of these events: open new ones.
func (e *Events) Drain() (n int, lost bool, err error) {
	if e.socket == nil {
		return 0, false, &Error{Op: OpSubscribe, Err: os.ErrClosed}
	}
	// Of an event only that it came counts, and there may be thousands a second: a byte of each will do.
	for buf := make([]byte, 1); ; {
		switch _, err := unix.Read(e.FD(), buf); err {
		case nil:
			n++
		case unix.EINTR:
		case unix.EAGAIN:
			return n, lost, nil
		case unix.ENOBUFS:
			lost = true
		default:
			return n, lost, &Error{Op: OpSubscribe, Err: err}
		}
	}
}

// Close ends the subscription. Closing twice is no error.
func (e *Events) Close() error {
	if e.socket != nil {
		e.socket.Close()
		e.socket = nil // its descriptor's number may soon be another file's
	}
	return nil
}
