package supervise

import (
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag/pidfd"
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
	return "by " + pidfd.SignalName(s.Signal)
}

// by reports whether it ended as a process does by this signal.
func (s Status) by(sig unix.Signal) bool { return s.Exit() == 128+int(sig) }

// fromKeyboard reports whether it ended as it does by Ctrl-C, Ctrl-\ or when its terminal goes away. Whoever has handed over the
// terminal gets none of these signals, and learns of them by this alone.
func (s Status) fromKeyboard() bool {
	return s.by(unix.SIGINT) || s.by(unix.SIGQUIT) || s.by(unix.SIGHUP)
}
