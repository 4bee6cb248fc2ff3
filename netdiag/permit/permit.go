// Package permit answers: may this process make a system call, or would a seccomp filter kill it for the attempt? systemd's
// SystemCallFilter= does that by default, and leaves nothing to fall back from. A filter that answers with an errno needs
// none of this.
package permit

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// Denied is the error of a system call, by its name, that is not made because a filter would kill for it. It is
// errors.ErrUnsupported.
type Denied string

func (d Denied) Error() string {
	return string(d) + ": a seccomp filter kills for it; SystemCallFilter=" + string(d) + " in the unit permits it"
}

// Is knows errors.ErrUnsupported.
func (d Denied) Is(target error) bool { return target == errors.ErrUnsupported }

// Filtered reports whether this process has a seccomp filter at all.
func Filtered() bool {
	const filtered = 2 // SECCOMP_MODE_FILTER
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err == nil && mode == filtered
}

// Syscall reports whether this process survives the system call. Without a seccomp filter it costs next to nothing. With
// one, a child makes the call, with arguments that no kernel accepts, and its end tells; that costs about a millisecond,
// and a line in the audit log when it is killed. Where no child can be had the answer is no.
func Syscall(number uintptr) bool {
	if !Filtered() {
		return true
	}
	pid, errno := try(number)
	if errno != 0 {
		return false
	}
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, unix.WALL, nil)
		if err == unix.EINTR {
			continue
		}
		return err == nil && status.Exited()
	}
}

// try forks a child that makes the call and exits.
func try(number uintptr) (pid int, errno unix.Errno) {
	runtime.LockOSThread() // the signal mask is the thread's
	defer runtime.UnlockOSThread()
	all := ^uint64(0)
	var before uint64
	// A signal in the child would run a handler of the Go runtime, which is not there.
	if errno := sigmask(&all, &before); errno != 0 {
		return 0, errno
	}
	child, errno := fork(number)
	_ = sigmask(&before, nil) // what was there a moment ago
	return int(child), errno
}
