package become

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Action is what a signal does in this process: the kernel's struct sigaction. What follows the handler (flags, restorer,
// mask) differs between architectures and is at most 20 bytes on 32 bits and 24 on 64; it is kept as it is.
type Action struct {
	Handler uintptr
	rest    [6]uintptr
}

// The handlers that are not functions.
const (
	sigDfl = 0 // SIG_DFL
	sigIgn = 1 // SIG_IGN
)

// IsFunction reports whether the handler is a function, neither SIG_DFL nor SIG_IGN.
func (a Action) IsFunction() bool { return a.Handler != sigDfl && a.Handler != sigIgn }

// ActionOf asks what a signal does. os/signal cannot tell.
func ActionOf(sig unix.Signal) (Action, error) {
	var now Action
	err := rtSigaction(sig, nil, &now)
	return now, err
}

// Set has the signal do this from now on. os/signal cannot do it for what it does not deliver (SIGSEGV, 32 to 34).
func (a Action) Set(sig unix.Signal) error { return rtSigaction(sig, &a, nil) }

// Default gives signals their default effect, which os/signal cannot: what it resets goes to the Go runtime, which answers
// SIGQUIT with a dump of its own.
func Default(sigs ...unix.Signal) {
	for _, sig := range sigs {
		_ = Action{Handler: sigDfl}.Set(sig) // fails for no signal that may be caught
	}
}

// Ignore has signals do nothing, those that os/signal leaves to the Go runtime included.
func Ignore(sigs ...unix.Signal) {
	for _, sig := range sigs {
		_ = Action{Handler: sigIgn}.Set(sig) // fails for no signal that may be caught
	}
}

const sizeofSigset = 8 // sigset_t: 64 signals

// rtSigaction is rt_sigaction(2); either may be nil.
func rtSigaction(sig unix.Signal, set, old *Action) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), sizeofSigset, 0, 0)
	if errno != 0 {
		return fmt.Errorf("rt_sigaction of signal %d: %w", int(sig), errno)
	}
	return nil
}
