package become

import (
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SignalSet is a set of the signals 1 to 64; bit n-1 is signal n, as in /proc/PID/status. The zero value is empty.
type SignalSet uint64

const lastSignal = unix.Signal(64)

// Has reports whether sig is in the set.
func (s SignalSet) Has(sig unix.Signal) bool {
	return 1 <= sig && sig <= lastSignal && s&(1<<(sig-1)) != 0
}

// With returns the set with sig added. A sig outside 1 to 64 adds nothing.
func (s SignalSet) With(sig unix.Signal) SignalSet {
	if 1 <= sig && sig <= lastSignal {
		s |= 1 << (sig - 1)
	}
	return s
}

// String names the signals, realtime signals by number: "SIGINT SIGPIPE 40". Empty for the empty set.
func (s SignalSet) String() string {
	var names []string
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if !s.Has(sig) {
			continue
		}
		name := unix.SignalName(sig)
		if name == "" {
			name = fmt.Sprint(int(sig))
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// ignoredNow returns the signals that this process ignores at present.
func ignoredNow() (SignalSet, error) {
	var ignored SignalSet
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		now, err := ActionOf(sig)
		if err != nil {
			return 0, err
		}
		if now.Handler == sigIgn {
			ignored = ignored.With(sig)
		}
	}
	return ignored, nil
}

// setIgnored makes exactly the signals of want ignored and returns how to take that back. Signals that have a handler and
// are not in want keep it: execve makes them default, and without discarding what is pending.
func setIgnored(want SignalSet) (undo func(), err error) {
	type was struct {
		sig    unix.Signal
		action Action
	}
	var before []was // few or none
	undo = func() {
		for _, w := range before {
			_ = w.action.Set(w.sig) // was so a moment ago
		}
	}
	now, err := ignoredNow()
	if err != nil {
		return undo, err
	}
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if now.Has(sig) == want.Has(sig) {
			continue
		}
		set := Action{Handler: sigDfl}
		if want.Has(sig) {
			set.Handler = sigIgn
		}
		var old Action
		if err := rtSigaction(sig, &set, &old); err != nil {
			undo()
			return undo, err
		}
		before = append(before, was{sig, old})
	}
	return undo, nil
}

// setBlocked sets the calling thread's signal mask. SIGKILL and SIGSTOP in want are passed over by the kernel.
func setBlocked(want SignalSet) error { return rtSigprocmask(&want, nil) }

// blockedNow returns the calling thread's signal mask.
func blockedNow() (SignalSet, error) {
	var now SignalSet
	err := rtSigprocmask(nil, &now)
	return now, err
}

// rtSigprocmask is rt_sigprocmask(2) with SIG_SETMASK; either may be nil.
func rtSigprocmask(set, old *SignalSet) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK,
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), sizeofSigset, 0, 0)
	if errno != 0 {
		return fmt.Errorf("rt_sigprocmask: %w", errno)
	}
	return nil
}
