//go:build amd64 || arm64

package become

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// fewThreads is the limit on threads below which a start looks whether there is room for [LeastThreads]. The limit is on all processes and
// threads of the user. A higher one that others have used up is not found out: to try that would cost every start the children.
const fewThreads = 256

// crowded is why the Go runtime would find no room for its threads, "" if it does. Only the main command is asked about: a supervisor starts
// itself anew by another, beside its own threads, and needs fewer there.
//
//go:nosplit
//go:norace
//go:nocheckptr
func crowded() string {
	first := at(arguments(), 1)
	if first == nil || *first != '-' || limit(unix.RLIMIT_NPROC) >= fewThreads || together(LeastThreads-1) {
		return ""
	}
	return "the limit on processes and threads (ulimit -u; LimitNPROC= in a unit) has no room for 15 more"
}

// together reports whether n more processes can be there at the same time. Each is the child of the one before, which waits for it, so that
// none is left behind whatever becomes of this one. Their ends send no signal.
//
//go:nosplit
//go:norace
//go:nocheckptr
func together(n uintptr) bool {
	for depth := uintptr(0); depth < n; depth++ {
		pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, unix.CLONE_VFORK, 0, 0, 0, 0, 0)
		switch {
		case errno != 0 && depth == 0:
			return errno != unix.EAGAIN // an emulator knows no such child
		case errno != 0:
			leave(1)
		case pid == 0:
			continue
		}
		status := waitEarly(pid)
		for status < 0 {
			status = waitEarly(pid) // it was interrupted
		}
		if depth == 0 {
			return status == 0
		}
		leave(uintptr(min(status, 1)))
	}
	leave(0)
	return true
}

// leave ends a process that says no more.
//
//go:nosplit
//go:norace
//go:nocheckptr
func leave(status uintptr) {
	for {
		_, _, _ = syscall.RawSyscall6(unix.SYS_EXIT_GROUP, status, 0, 0, 0, 0, 0)
	}
}
