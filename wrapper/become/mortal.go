package become

import "golang.org/x/sys/unix"

// Mortal has the signals that end any other program end this one, too, by their own effect, as signal(7) has it: alarm(2) goes
// through execve, a limit on processor time ends whoever passes it, and systemd aborts a start that takes too long. The Go
// runtime has caught them all when main starts. Most it passes over; to SIGQUIT and SIGABRT it answers with a dump of its own and an exit status. Those
// that were ignored when the process was started are ignored.
//
// It leaves alone those that Go gives their own effect, faults, and SIGPIPE and SIGXFSZ: a write of ours that fails is an error
// with a line. Where that is not exact (see [Inherited.Exact]) it does nothing: what was ignored cannot be told.
//
// os/signal delivers none of them after that until it is told to ignore them first.
func Mortal(in Inherited) {
	if !in.Exact() {
		return
	}
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if !caughtInVain(sig) {
			continue
		}
		effect := Action{Handler: sigDfl}
		if in.Ignored.Has(sig) {
			effect.Handler = sigIgn
		}
		_ = effect.Set(sig) // fails for no signal that may be caught
	}
}

// caughtInVain reports whether the Go runtime keeps a signal from its effect.
func caughtInVain(sig unix.Signal) bool {
	switch sig {
	case unix.SIGALRM, unix.SIGVTALRM, unix.SIGPROF, unix.SIGUSR1, unix.SIGUSR2, unix.SIGIO, unix.SIGPWR, unix.SIGXCPU,
		unix.SIGQUIT, unix.SIGABRT, unix.SIGTRAP, unix.SIGSTKFLT, unix.SIGSYS:
		return true
	}
	const firstOfGo = 35 // below are those of a C library, which the Go runtime uses as well
	return sig >= firstOfGo
}
