// Package pidfd answers: is this still the process I looked at, and may I act on it? A pidfd names one process for
// ever, where a pid may be given to another one between the look and the act.
//
// Open first and look at /proc/PID afterwards: what is read then is about the opened process as long as Ended says no.
// Kernels without a call give an error that is errors.ErrUnsupported.
package pidfd

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// Process is an open process. Close it.
type Process struct{ fd int }

// Open opens a process by its pid (pidfd_open, Linux 5.3). No privilege is needed. A pid that nobody has is
// syscall.ESRCH.
func Open(pid int) (*Process, error) {
	if !permit.Syscall(unix.SYS_PIDFD_OPEN) {
		return nil, permit.Denied("pidfd_open")
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("pidfd_open %d: %w", pid, err)
	}
	return &Process{fd}, nil
}

// FD is the pidfd itself, to poll for reading together with others: readable once the process has ended.
func (p *Process) FD() int { return p.fd }

// Close lets go of the process, which is not touched.
func (p *Process) Close() error { return unix.Close(p.fd) }

// Signal sends a signal (pidfd_send_signal, Linux 5.1); 0 only asks whether that would be permitted. syscall.ESRCH: the
// process has been reaped. A zombie takes signals and does nothing.
func (p *Process) Signal(sig syscall.Signal) error {
	return os.NewSyscallError("pidfd_send_signal", unix.PidfdSendSignal(p.fd, sig, nil, 0))
}

// Ended reports whether the process has ended: all of its threads have exited, reaped by its parent or not.
func (p *Process) Ended() (bool, error) {
	for {
		polled := []unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}
		n, err := unix.Poll(polled, 0)
		if err != unix.EINTR {
			return n > 0, os.NewSyscallError("poll", err)
		}
	}
}

// SignalName is "SIGHUP", or "signal 40": the realtime signals have numbers only.
func SignalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(sig))
}
