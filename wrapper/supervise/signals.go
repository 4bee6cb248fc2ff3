package supervise

import (
	"os"
	"os/signal"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
)

const lastSignal = unix.Signal(64)

// kept says which signals are not passed on. SIGCHLD, SIGTTIN and SIGTTOU are about ourselves. SIGURG is what the Go runtime
// interrupts its own threads with, and SIGPIPE comes of our own writing: neither can be told from one that was sent. 32 to 34
// the runtime leaves to the C library, and passes on to nobody.
func kept(sig unix.Signal) bool {
	switch sig {
	case unix.SIGKILL, unix.SIGSTOP, unix.SIGCHLD, unix.SIGTTIN, unix.SIGTTOU, unix.SIGURG, unix.SIGPIPE:
		return true
	}
	return 32 <= sig && sig <= 34
}

// stops are the signals that ask a service to stop for good.
func stops(sig unix.Signal) bool { return sig == unix.SIGTERM || sig == unix.SIGINT }

// ends are those that end portguard while there is no service to pass them on to.
func ends(sig unix.Signal) bool { return stops(sig) || sig == unix.SIGHUP || sig == unix.SIGQUIT }

// listen has every signal delivered that can be passed on, and SIGCHLD. Those that were ignored at the start stay ignored.
// Of a real-time signal, neither its value nor how often it was sent is kept.
func listen(in become.Inherited) <-chan os.Signal {
	all := make(chan os.Signal, 2*int(lastSignal))
	signal.Notify(all, unix.SIGCHLD) // were it ignored, the kernel would reap for us and tell nobody
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if in.Ignored.Has(sig) || kept(sig) {
			continue
		}
		signal.Notify(all, sig)
	}
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if in.Ignored.Has(sig) && !kept(sig) {
			signal.Ignore(sig) // the Go runtime has taken some of them back
		}
	}
	ignoreLibrarySignals()
	// The terminal is the service's. SIGTTIN cannot come to one who does not read.
	signal.Ignore(unix.SIGPIPE, unix.SIGTTIN, unix.SIGTTOU)
	// What was blocked at the start would wait here for ever; it has to wait in the service, where it is blocked as well.
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil) // cannot fail with a mask that is there
	return all
}

// ignoreLibrarySignals keeps those signals from ending portguard and leaving the service alone. The runtime has 33 for itself.
func ignoreLibrarySignals() {
	type sigaction struct { // the kernel's; what follows the handler differs between architectures
		handler uintptr
		rest    [7]uintptr
	}
	const sizeofSigset = 8
	for _, sig := range []unix.Signal{32, 34} {
		ignore := sigaction{handler: 1}                                                                                          // SIG_IGN
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&ignore)), 0, sizeofSigset, 0, 0) // no reason to fail
	}
}
