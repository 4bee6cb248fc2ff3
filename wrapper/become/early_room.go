//go:build amd64 || arm64

package become

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// roomAtOnce is how many descriptors the kernel's table is made for, where the limit on open files lets it: a thousand ports fit in, whose
// placeholders have numbers from 1024 up.
const roomAtOnce = 2048

var rootDir = [...]byte{'/', 0}

// spread is called by entry, before the Go runtime starts: it makes the table of this process's descriptors large, by a moment's
// descriptor with a high number. The table begins with room for 64, and grows when a higher number is needed. The Go runtime has
// threads by then, and where there are threads the kernel waits until no processor looks something up in the old table
// (synchronize_rcu in expand_fdtable, fs/file.c): 5 to 19 ms, for a single port as well, since its placeholder has number 100. Here nobody
// has to be waited for. What fails costs that time later, and nothing else.
//
//go:nosplit
//go:norace
//go:nocheckptr
//lint:ignore U1000 entry calls it
func spread() {
	fd, _, errno := syscall.RawSyscall6(unix.SYS_OPENAT, 0, uintptr(unsafe.Pointer(&rootDir)), unix.O_PATH|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return
	}
	var limit unix.Rlimit
	_, _, _ = syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&limit)), 0, 0) // else all of it is 0
	wide := unix.Rlimit{Cur: min(roomAtOnce, limit.Max), Max: limit.Max}
	raised := limit.Cur < wide.Cur && limitFiles(&wide)
	if !raised {
		wide.Cur = min(wide.Cur, limit.Cur)
	}
	if last, _, errno := syscall.RawSyscall6(unix.SYS_FCNTL, fd, unix.F_DUPFD_CLOEXEC, uintptr(wide.Cur)-1, 0, 0, 0); errno == 0 {
		_, _, _ = syscall.RawSyscall6(unix.SYS_CLOSE, last, 0, 0, 0, 0, 0)
	}
	if raised {
		limitFiles(&limit)
	}
	_, _, _ = syscall.RawSyscall6(unix.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
}

// limitFiles sets the limit on open files, and reports whether it could.
//
//go:nosplit
//go:norace
//go:nocheckptr
func limitFiles(to *unix.Rlimit) bool {
	_, _, errno := syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(to)), 0, 0, 0)
	return errno == 0
}
