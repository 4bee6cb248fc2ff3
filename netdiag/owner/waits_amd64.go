package owner

import "golang.org/x/sys/unix"

// oldWait knows the system calls that only older architectures have.
func oldWait(call int) waitKind {
	switch call {
	case unix.SYS_EPOLL_WAIT:
		return waitsByEpoll
	case unix.SYS_POLL, unix.SYS_SELECT:
		return waitsUnseen
	}
	return waitsElsewhere
}
