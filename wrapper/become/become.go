// Package become answers one question: how does this process turn into the service, so that the service cannot tell that
// anything ran before it?
//
// execve keeps nearly everything that a process is: its pid, limits, credentials, open files. What gets in the way is the Go
// runtime. Before main starts it has installed handlers for signals that were ignored, unblocked signals that were blocked,
// opened /dev/null on closed standard fds, raised RLIMIT_NOFILE and folded duplicates in the environment, and it does not
// tell how things were. So this package has an entry point of its own ([entry], in assembly), which notes them down before
// the runtime starts. The linker is told to use it:
//
//	go build -ldflags='-E portguard/wrapper/become.entry' ./cmd/portguard
//
// That needs internal linking (CGO_ENABLED=0). Built without it, on an architecture without the assembly, or linked
// externally, the program works too: [Inherited.Captured] is false, and [AtStart] says what it then goes by.
//
// What belongs to a thread (the signal mask, the parent death signal, the scheduling policy when it is reset on fork) is kept
// only for the main thread. Package main therefore has
//
//	func init() { runtime.LockOSThread() }
//
// which is the one way to keep the main goroutine on the main thread. [Exec] refuses to run on any other.
//
// What cannot be kept: a signal that was already pending at the start. Go unblocks and handles SIGTERM and its like; one that
// was both ignored and blocked is discarded when its handler goes.
package become

// Inherited is what the process was given by whoever started it, as far as the Go runtime hides it. The zero value says
// that no signal was ignored or blocked, the environment was empty and the standard fds were open.
type Inherited struct {
	Captured   bool      // seen before the Go runtime started; otherwise found out afterwards
	Remembered bool      // not captured, but Ignored and Blocked are as the Go runtime found them; otherwise pieced together
	Ignored    SignalSet // their disposition was SIG_IGN
	Blocked    SignalSet // the main thread's signal mask
	Environ    []string  // in order, with duplicates and with entries that have no '='
	// ClosedStdio says which of the fds 0, 1 and 2 were closed. Never set when Captured is false: a /dev/null that the Go
	// runtime opened looks like any other.
	ClosedStdio [3]bool
}

// Exact reports whether Ignored and Blocked are known for certain.
func (in Inherited) Exact() bool { return in.Captured || in.Remembered }

// captured reports whether the process came in through [entry].
func captured() bool { return startStack != nil }

// AtStart returns what was inherited. Needs no privilege.
//
// Where nothing was captured, call it first thing in main, on the main thread. Environ is then that of /proc/self/environ or, where
// it cannot be read, what Go made of it. The signals are those that the Go runtime has noted down for itself, which a symbol
// table and /proc lead to. Without one of them Ignored has the signals whose inherited SIG_IGN the Go runtime leaves alone (SIGHUP and SIGINT, so nohup works, and those of job control) and, in a process that
// systemd started (systemd 248 or later), SIGPIPE, which is ignored there unless the unit says IgnoreSIGPIPE=no, and Blocked has
// those that the runtime did not unblock.
func AtStart() Inherited {
	if !captured() {
		return pieceTogether()
	}
	in := Inherited{
		Captured: true,
		Ignored:  SignalSet(startIgnored),
		Blocked:  SignalSet(startBlocked),
		Environ:  stackEnviron(startStack),
	}
	for fd := range in.ClosedStdio {
		in.ClosedStdio[fd] = startClosed&(1<<fd) != 0
	}
	return in
}
