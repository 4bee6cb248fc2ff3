//go:build amd64 || arm64

package become

import (
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

const filtered = 2 // SECCOMP_MODE_FILTER

// vital are the system calls of every start of portguard. What only some starts need is tried first, and done without (package
// permit), or is missed when the port is taken. prctl, clone and wait4 are needed as well: whoever is killed for them does not
// get to say so.
var vital = [...]struct {
	number uintptr
	name   string
}{
	{unix.SYS_WRITE, "write"}, // first: without it nothing can be said
	{unix.SYS_RT_SIGACTION, "rt_sigaction"},
	{unix.SYS_RT_SIGPROCMASK, "rt_sigprocmask"},
	{unix.SYS_SIGALTSTACK, "sigaltstack"},
	{unix.SYS_MADVISE, "madvise"},
	{unix.SYS_MMAP, "mmap"},
	{unix.SYS_FUTEX, "futex"},
	{unix.SYS_NANOSLEEP, "nanosleep"},
	{unix.SYS_SCHED_GETAFFINITY, "sched_getaffinity"},
	{unix.SYS_GETTID, "gettid"},
	{unix.SYS_GETPID, "getpid"},
	{unix.SYS_GETUID, "getuid"},
	{unix.SYS_GETEUID, "geteuid"},
	{unix.SYS_GETGID, "getgid"},
	{unix.SYS_GETEGID, "getegid"},
	{unix.SYS_PRLIMIT64, "prlimit64"},
	{unix.SYS_GETRLIMIT, "getrlimit"},
	{unix.SYS_OPENAT, "openat"},
	{unix.SYS_READ, "read"},
	{unix.SYS_PREAD64, "pread64"},
	{unix.SYS_CLOSE, "close"},
	{unix.SYS_FCNTL, "fcntl"},
	{unix.SYS_NEWFSTATAT, "newfstatat"},
	{unix.SYS_FACCESSAT2, "faccessat2"},
	{unix.SYS_SOCKET, "socket"},
	{unix.SYS_SETSOCKOPT, "setsockopt"},
	{unix.SYS_BIND, "bind"},
	{unix.SYS_EXECVE, "execve"},
}

// VitalCalls are the names of all of them: a filter that kills for one lets nothing start behind portguard.
func VitalCalls() []string {
	names := []string{"clone", "prctl", "wait4"}
	for _, c := range vital {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

// hinderedBy is the system call that a filter kills for.
var hinderedBy string

// filteredOut is why the Go runtime cannot run under the seccomp filter that is there. The filter is asked by a child, which makes
// the calls with arguments that no kernel accepts and lives or does not.
//
//go:nosplit
//go:norace
//go:nocheckptr
func filteredOut() string {
	switch dies(0, uintptr(len(vital))) {
	case noChild:
		return "no process or thread can be made"
	case survives:
		return ""
	}
	for i := range vital {
		if dies(uintptr(i), uintptr(i)+1) == killed {
			hinderedBy = vital[i].name
			mute = i == 0
			return "a seccomp filter (SystemCallFilter= in a unit) kills for "
		}
	}
	return ""
}

// What becomes of the child.
const (
	survives = iota
	killed
	noChild
)

// dies has a child make the vital calls from one to another, exclusively. Its end sends no signal.
//
//go:nosplit
//go:norace
//go:nocheckptr
func dies(from, to uintptr) int {
	const nobody = ^uintptr(0) // a pid, descriptor or address that nothing has
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, 0, 0, 0, 0, 0, 0)
	switch errno {
	case 0:
	case unix.EINVAL:
		return survives // an emulator that knows no such child
	default:
		return noChild
	}
	if pid == 0 {
		syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0, 0, 0, 0, 0) // no core dump of it
		for i := from; i < to; i++ {
			syscall.RawSyscall6(vital[i].number, nobody, nobody, nobody, nobody, nobody, nobody)
		}
		for {
			syscall.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
		}
	}
	for {
		status := waitEarly(pid)
		const signal = 0x7f // WTERMSIG
		switch {
		case status < 0:
			continue // interrupted
		case status&signal == int32(unix.SIGSYS):
			return killed
		}
		return survives
	}
}
