package supervise

import (
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
	"portguard/wrapper/supervise/catch"
)

// stops reports whether a signal asks the service to stop for good.
func (s *Supervisor) stops(sig unix.Signal) bool {
	return sig == unix.SIGTERM || sig == unix.SIGINT || sig == s.StopSignal
}

// stopSignal is what we ask it to stop with ourselves.
func (s *Supervisor) stopSignal() unix.Signal {
	if s.StopSignal != 0 {
		return s.StopSignal
	}
	return unix.SIGTERM
}

// idle does what a signal asks for while there is no service that it could be passed on to. It returns the signal if that ends
// portguard: it asks for the end, or says that the terminal is gone; or it has just ended the service, and was for both (a
// manager's that signals each of its processes).
func (l *loop) idle(info catch.Info) (by unix.Signal) {
	switch sig := info.Signal(); {
	case sig == unix.SIGCHLD:
		l.reap()
	case l.stops(sig), sig == unix.SIGQUIT, sig == unix.SIGHUP && !info.Sent(), l.Notify.Ends(sig):
		return sig
	case sig == unix.SIGHUP: // a reload that has found nobody: the next run begins with what is new
		l.Notify.Reloads()
	case l.status.by(sig) && time.Since(l.ended) < deliberate:
		return sig
	}
	return 0
}

// listen has every signal delivered that can be caught, but for those that were ignored at the start: they stay so.
func listen(in become.Inherited) (<-chan catch.Info, error) {
	ignored := in.Ignored
	if onTerminal() {
		ignored = ignored.With(unix.SIGTTOU) // or we could not hand the terminal over, nor write to it under `stty tostop`
	}
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if ignored.Has(sig) && !needed(sig) {
			signal.Ignore(sig) // the Go runtime has taken some of them back
		}
	}
	signal.Ignore(unix.SIGPIPE) // that is about what we write; the handler replaces it for what others send
	wanted := ^ignored
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if needed(sig) {
			wanted = wanted.With(sig)
		}
	}
	all, err := catch.Signals(wanted)
	if err != nil {
		return nil, err
	}
	// What was blocked at the start would wait here for ever; it has to wait in the service, where it is blocked as well.
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil) // cannot fail with a mask that is there
	return all, nil
}

const lastSignal = unix.Signal(64)

// needed are the signals that are caught even if they were ignored at the start: the kernel would reap in our place and tell
// nobody, the runtime could not preempt, and it would take a fault that was sent for one of its own.
func needed(sig unix.Signal) bool {
	switch sig {
	case unix.SIGCHLD, unix.SIGURG, unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP, unix.SIGSYS:
		return true
	}
	return false
}
