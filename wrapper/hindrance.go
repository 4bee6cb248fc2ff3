package wrapper

import (
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
)

// Hindrance says what keeps a process from acting on a signal, and what would help; "" when nothing does. "It is" goes before it.
func Hindrance(c owner.Condition) string {
	why := ""
	switch {
	case c.Frozen != "":
		why = "frozen with its cgroup " + c.Frozen + " (docker unpause or systemctl thaw lets it go on)"
	case c.State == 't' || c.State == 'T' && c.Tracer != 0:
		why = fmt.Sprintf("stopped by process %d, which traces it", c.Tracer)
	case c.State == 'T':
		why = "stopped (SIGCONT lets it go on)"
	case c.State == 'D':
		why = "in uninterruptible sleep, waiting for a disk or a server"
	}
	if c.Killed {
		if why != "" {
			why += ", and "
		}
		why += "to end by a pending SIGKILL as soon as it can"
	}
	return why
}

// hinderedBy is what a process was hindered by when a signal was sent. A SIGKILL that is pending then may be that signal.
func hinderedBy(c owner.Condition) string {
	c.Killed = false
	return Hindrance(c)
}

// wakes reports whether SIGCONT has to follow the signal for the process to act on it, as service managers send it.
func wakes(c owner.Condition, sig unix.Signal) bool {
	return c.State == 'T' && sig != unix.SIGKILL && sig != unix.SIGCONT && sig != unix.SIGSTOP
}
