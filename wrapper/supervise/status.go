package supervise

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Status is how a process ended: by itself, or by a signal if Signal is not 0.
type Status struct {
	Code   int
	Signal unix.Signal
}

func statusOf(w unix.WaitStatus) Status {
	if w.Signaled() {
		return Status{Signal: w.Signal()}
	}
	return Status{Code: w.ExitStatus()}
}

// Exit is the status as a shell has it: 128+N for signal N.
func (s Status) Exit() int {
	if s.Signal != 0 {
		return 128 + int(s.Signal)
	}
	return s.Code
}

// String says how it ended: "with status 3", "by SIGKILL".
func (s Status) String() string {
	if s.Signal == 0 {
		return fmt.Sprintf("with status %d", s.Code)
	}
	if name := unix.SignalName(s.Signal); name != "" {
		return "by " + name
	}
	return fmt.Sprintf("by signal %d", int(s.Signal))
}

// fromKeyboard reports whether it ended as it does by Ctrl-C, Ctrl-\ or when its terminal goes away. Whoever has handed over the
// terminal gets none of these signals, and learns of them by this alone.
func (s Status) fromKeyboard() bool {
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGHUP} {
		if s.Exit() == 128+int(sig) {
			return true
		}
	}
	return false
}
