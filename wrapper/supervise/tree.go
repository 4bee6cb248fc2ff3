package supervise

import (
	"errors"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
)

// childless reports whether this process has no child, and so, as a subreaper, nothing below it. It costs less than to look.
func childless() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// signalProcess sends a signal to exactly this process, which may have ended. 0 only asks whether it may be sent one.
func signalProcess(s owner.Stat, sig unix.Signal) error {
	p, err := pidfd.Open(s.PID)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		if now, err := (owner.Scanner{}).Stat(s.PID); err == nil && now.ID() == s.ID() {
			return unix.Kill(s.PID, sig)
		}
		return nil
	case err != nil:
		return err
	}
	defer p.Close()
	if now, err := (owner.Scanner{}).Stat(s.PID); err == nil && now.ID() == s.ID() {
		return p.Signal(sig)
	}
	return nil
}
