package pidfd

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// GetFD duplicates a descriptor of a process into ours, close-on-exec (pidfd_getfd, Linux 5.6). It is the same socket:
// options set on it are set for the owner too. tid is the thread that has the number in a table of its own (PIDFD_THREAD,
// Linux 6.9), 0 for the process's table.
//
// It needs ptrace rights: CAP_SYS_PTRACE, or the same user and a process that has not made itself undumpable, as far as
// security modules (Yama) agree. syscall.ESRCH: there is no such process, or it is ending. syscall.EBADF: the table has no
// such number. Whether a seccomp filter kills for it is asked by MayGetFD: once for many, as that may take a child.
func GetFD(pid, tid, fd int) (int, error) {
	id, flags := pid, 0
	if tid != 0 {
		id, flags = tid, unix.PIDFD_THREAD
	}
	process, err := unix.PidfdOpen(id, flags)
	if tid > 0 && errors.Is(err, unix.EINVAL) { // the flag is not known
		return -1, fmt.Errorf("pidfd_open of thread %d: %w", tid, errors.ErrUnsupported)
	}
	if err != nil {
		return -1, fmt.Errorf("pidfd_open %d: %w", id, err)
	}
	defer unix.Close(process)
	dup, err := unix.PidfdGetfd(process, fd, 0)
	return dup, os.NewSyscallError("pidfd_getfd", err)
}

// MayGetFD is nil when no seccomp filter kills for GetFD.
func MayGetFD() error {
	switch {
	case !permit.Syscall(unix.SYS_PIDFD_OPEN):
		return permit.Denied("pidfd_open")
	case !permit.Syscall(unix.SYS_PIDFD_GETFD):
		return permit.Denied("pidfd_getfd")
	}
	return nil
}
