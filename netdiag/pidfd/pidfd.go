// Package pidfd answers: is this still the process I looked at, and may I act on it? A pidfd names one process for
// ever, where a pid may be given to another one between the look and the act.
//
// Open first and look at /proc/PID afterwards: what is read then is about the opened process as long as Ended says no.
// Kernels without a call give an error that is errors.ErrUnsupported.
package pidfd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// Process is an open process, or one thread of it. Close it.
type Process struct{ fd int }

// Open opens a process by its pid (pidfd_open, Linux 5.3). No privilege is needed. A pid that nobody has is
// syscall.ESRCH.
func Open(pid int) (*Process, error) { return open(pid, 0) }

// OpenThread opens a single thread (PIDFD_THREAD, Linux 6.9), for the descriptors that only its own table has. Signal
// is then directed at the thread, which for the signals that end or stop a process makes no difference, and Wait waits
// for the thread to exit.
func OpenThread(tid int) (*Process, error) {
	p, err := open(tid, unix.PIDFD_THREAD)
	if errors.Is(err, syscall.EINVAL) && tid > 0 { // the flag is not known
		return nil, fmt.Errorf("pidfd_open of thread %d: %w", tid, errors.ErrUnsupported)
	}
	return p, err
}

func open(id, flags int) (*Process, error) {
	if !permit.Syscall(unix.SYS_PIDFD_OPEN) {
		return nil, permit.Denied("pidfd_open")
	}
	fd, err := unix.PidfdOpen(id, flags)
	if err != nil {
		return nil, fmt.Errorf("pidfd_open %d: %w", id, err)
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

// GetFD duplicates a descriptor of the process into ours, close-on-exec (pidfd_getfd, Linux 5.6). It is the same
// socket: options set on it are set for the owner too. It needs ptrace rights: CAP_SYS_PTRACE, or the same user and a
// process that has not made itself undumpable, as far as security modules (Yama) agree. syscall.EBADF: the process's
// table, or the thread's for OpenThread, has no such number.
func (p *Process) GetFD(fd int) (int, error) {
	if !permit.Syscall(unix.SYS_PIDFD_GETFD) {
		return -1, permit.Denied("pidfd_getfd")
	}
	dup, err := unix.PidfdGetfd(p.fd, fd, 0)
	return dup, os.NewSyscallError("pidfd_getfd", err)
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

// Wait returns nil when the process has ended, else the context's error. It need not be a child.
func (p *Process) Wait(ctx context.Context) error {
	// The runtime's poller waits, so no thread is blocked; a duplicate lets several callers wait at once.
	dup, err := unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if err := unix.SetNonblock(dup, true); err != nil {
		_ = unix.Close(dup)
		return os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(dup), "pidfd")
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) }) // fails only once f is closed
	defer stop()

	var failed error
	err = conn.Read(func(uintptr) bool {
		ended, err := p.Ended()
		failed = err
		return ended || err != nil
	})
	if failed != nil {
		return failed
	}
	if ctx.Err() != nil && err != nil {
		return ctx.Err()
	}
	return err
}
