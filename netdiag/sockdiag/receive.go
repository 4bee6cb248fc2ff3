package sockdiag

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// receive reads one datagram of the kernel into buf without waiting: EAGAIN when there is none, errIncomplete when buf
// was too small. nl's own Receive does not look at MSG_TRUNC.
func receive(fd int, buf []byte) ([]byte, error) {
	for {
		n, _, flags, from, err := unix.Recvmsg(fd, buf, nil, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, err
		}
		if addr, ok := from.(*unix.SockaddrNetlink); !ok || addr.Pid != 0 {
			continue // any process may send to a netlink socket
		}
		if flags&unix.MSG_TRUNC != 0 {
			return nil, errIncomplete
		}
		return buf[:n], nil
	}
}

// await waits until fd can be read or has an error to tell. It gives up with os.ErrDeadlineExceeded after patience, and
// notices the end of ctx within a tenth of a second.
func await(ctx context.Context, fd int, patience time.Duration) error {
	const slice = 100 * time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return os.ErrDeadlineExceeded
		}
		timeout := min(left, slice)
		if end, ok := ctx.Deadline(); ok {
			timeout = min(timeout, time.Until(end))
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int(max(timeout, 0).Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n > 0 {
			return nil
		}
	}
}
