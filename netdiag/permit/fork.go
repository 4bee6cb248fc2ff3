package permit

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fork copies the process. The child has one thread and none of the Go runtime's others, so that it does nothing but raw
// system calls: no allocation, no growing stack, no instrumentation of the race detector. Its end sends no signal, and only a
// wait with __WALL or __WCLONE knows of it: a parent that reaps whatever it can leaves it alone.
//
//go:norace
//go:nosplit
func fork(number uintptr) (pid uintptr, errno unix.Errno) {
	const nobody = ^uintptr(0) // a pid, descriptor or address that nothing has
	pid, _, errno = syscall.RawSyscall6(unix.SYS_CLONE, 0, 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0, 0, 0, 0) // no core dump of it
	syscall.RawSyscall6(number, nobody, nobody, nobody, nobody, nobody, nobody)
	for {
		syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	}
}

// sigmask sets the thread's signal mask (SIG_SETMASK) and returns the one before.
func sigmask(set, before *uint64) unix.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK,
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(before)), unsafe.Sizeof(*set), 0, 0)
	return errno
}
