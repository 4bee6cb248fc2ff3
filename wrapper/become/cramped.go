//go:build amd64 || arm64

package become

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the Go runtime (1.26) and a start of portguard take of the limits on memory, as measured on amd64. Of data, 32 MiB are
// the runtime's index of its heap, which grows by 4 MiB; portguard was seen to need 40 to 45 MiB. Of the address space some
// 620 MiB are reserved and never used, and the heap reserves 64 MiB at a time, once or twice: 692 to 756 MiB.
const (
	LeastData         = 48 << 20  // RLIMIT_DATA: LimitDATA=, ulimit -d
	LeastAddressSpace = 768 << 20 // RLIMIT_AS: LimitAS=, ulimit -v
)

// cramped is called by entry, before the Go runtime starts, where the runtime may not be able to run: where a limit on memory
// or on threads is low, where there is a seccomp filter, or where this thread may make no other. It returns if it can. Otherwise the runtime
// would end the process with a trace, or the filter without a word: then cramped says so in one line and becomes COMMAND,
// which is started as it would be without portguard. Without a COMMAND it exits.
//
// There is no Go here yet, and so neither are there stack checks, allocation or panics.
//
//go:nosplit
//go:norace
//go:nocheckptr
//lint:ignore U1000 entry calls it
func cramped() {
	why := hindrance()
	if why == "" {
		return
	}
	put("portguard: cannot run here: ")
	put(why)
	put(hinderedBy)
	const statusOSErr = 71
	argv := arguments()
	command := commandOf(argv)
	if command == 0 || changedIdentity() {
		die("", statusOSErr)
	}
	put(": COMMAND is started without it, and its port is not looked at\n")
	flush()
	executeEarly(argv, command)
}

// hindrance is why the Go runtime cannot run, "" if it can. A call that a filter kills for is left in hinderedBy.
//
//go:nosplit
//go:norace
//go:nocheckptr
func hindrance() string {
	data, space := limit(unix.RLIMIT_DATA), limit(unix.RLIMIT_AS)
	switch {
	case data < LeastData:
		return "the limit on data (ulimit -d; LimitDATA= in a unit) is below 48 MiB"
	case space < LeastAddressSpace:
		return "the limit on address space (ulimit -v; LimitAS= in a unit) is below 768 MiB"
	}
	mode, _, errno := syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_GET_SECCOMP, 0, 0, 0, 0, 0)
	switch {
	case errno != 0 && errno != unix.EINVAL: // a filter that allows no question
		return ""
	case mode == filtered:
		if why := filteredOut(); why != "" {
			return why
		}
		return crowded()
	}
	// A kernel without filters, or an emulator, says EINVAL, and has schedulers and limits all the same. With the flag that has
	// it reset on fork, SCHED_DEADLINE reads otherwise.
	const deadline = 6 // SCHED_DEADLINE
	if policy, _, _ := syscall.RawSyscall6(unix.SYS_SCHED_GETSCHEDULER, 0, 0, 0, 0, 0, 0); policy == deadline {
		return "SCHED_DEADLINE (chrt -d) lets no thread be made; chrt --reset-on-fork -d does"
	}
	return crowded()
}

// limit is a soft limit, and endless when it cannot be asked for.
//
//go:nosplit
//go:norace
//go:nocheckptr
func limit(resource uintptr) uint64 {
	now := unix.Rlimit{Cur: unix.RLIM_INFINITY}
	_, _, _ = syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, resource, 0, uintptr(unsafe.Pointer(&now)), 0, 0)
	return now.Cur
}
