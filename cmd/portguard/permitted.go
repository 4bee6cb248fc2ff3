package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/permit"
)

// spareFDs are the descriptors without which nothing works: with the first file that is opened, or the first timer, the Go runtime opens two
// for its poller, and ends the program, with a trace, when it finds no room for them.
const spareFDs = 3

// permitted is why nothing should be begun at all.
func permitted() error {
	if err := roomForFiles(); err != nil {
		return err
	}
	return notSetuid()
}

func roomForFiles() error {
	var fds [spareFDs]int
	for i := range fds {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err == unix.EBADF { // stdin is closed
			fd, err = unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
		}
		if err != nil {
			closeAll(fds[:i])
			var limit unix.Rlimit
			_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) // 0 when it cannot be had
			return fmt.Errorf("no descriptors are left, of %d that may be open (ulimit -n; LimitNOFILE= in a unit): %w", limit.Cur, err)
		}
		fds[i] = fd
	}
	closeAll(fds[:])
	openPoller()
	return nil
}

// openPoller has the runtime open its two while there is room: the ports of a long line may use up what is left. A seccomp filter may forbid
// epoll, which a free port does not take.
func openPoller() {
	if !permit.Filtered() {
		time.AfterFunc(time.Hour, func() {}).Stop()
	}
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd) // it was ours a moment ago
	}
}

// setuidError is a portguard that lends its owner's identity to whoever starts it.
type setuidError struct{ bit string }

func (e *setuidError) Error() string {
	return fmt.Sprintf("portguard is installed %s, which would let every user run any COMMAND as its owner: chmod a-s, and use sudo or file capabilities", e.bit)
}

// ExitStatus is that of a missing right.
func (*setuidError) ExitStatus() int { return cli.ExitNoPerm }

// notSetuid refuses the set-user-ID and set-group-ID bits where they have had an effect. A caller with mixed ids of his own is
// his own affair.
func notSetuid() error {
	if os.Getuid() == os.Geteuid() && os.Getgid() == os.Getegid() {
		return nil
	}
	st, err := os.Stat("/proc/self/exe")
	switch {
	case err != nil:
		return fmt.Errorf("real and effective ids differ, and whether portguard is set-user-ID cannot be seen: %w", err)
	case st.Mode()&os.ModeSetuid != 0 && os.Getuid() != os.Geteuid():
		return &setuidError{"set-user-ID"}
	case st.Mode()&os.ModeSetgid != 0 && os.Getgid() != os.Getegid():
		return &setuidError{"set-group-ID"}
	}
	return nil
}
