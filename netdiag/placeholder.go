package netdiag

import "golang.org/x/sys/unix"

// A placeholder of portguard's is a bound socket like any other, and goes to whatever the service starts, which may outlive it. It
// bears a mark, so that it is known again: TCP_USER_TIMEOUT, in milliseconds, which means nothing to a socket that is never connected.
const placeholderMark = 0x70677264 // "pgrd"

// Mark marks one that has been a trial's socket. Without the mark it does what it is for all the same.
func (b Binder) Mark(fd int) {
	_ = b.calls.Set(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, placeholderMark)
}

func isPlaceholder(fd int) bool {
	mark, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
	return err == nil && mark == placeholderMark
}
