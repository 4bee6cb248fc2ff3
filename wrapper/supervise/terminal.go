package supervise

import (
	"os"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// The terminal is that of standard input. Handing it over takes SIGTTOU to be ignored, see listen.
const terminal = 0

// foreground reports whether the terminal is ours to hand over: we lead the process group that has it. In a script's group,
// whose shell expects to be interrupted together with its commands, it is not.
func foreground() bool {
	if !permit.Syscall(unix.SYS_IOCTL) {
		return false
	}
	group, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP)
	return err == nil && group == os.Getpid() && group == unix.Getpgrp()
}

// onTerminal reports whether one of our standard descriptors is our controlling terminal.
func onTerminal() bool {
	if !permit.Syscall(unix.SYS_IOCTL) {
		return false
	}
	for fd := range 3 {
		if _, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil {
			return true
		}
	}
	return false
}

// hand gives the terminal to a process group.
func hand(group int) {
	_ = unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, group) // fails when the terminal hangs up, or has changed hands
}

// takeBack gives the terminal back to our own group, if the given one has it.
func takeBack(from int) {
	if group, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP); err == nil && group == from {
		hand(unix.Getpgrp())
	}
}

// jobControl reports whether somebody would continue us if we stopped: our parent is in the same session and in another
// process group, as a shell is. Otherwise the kernel calls our group orphaned, and would not stop it from a terminal.
func jobControl() bool {
	parent := os.Getppid()
	if parent == 0 { // pid 1 of a namespace
		return false
	}
	session, err1 := unix.Getsid(parent)
	own, err2 := unix.Getsid(0)
	group, err3 := unix.Getpgid(parent)
	return err1 == nil && err2 == nil && err3 == nil && session == own && group != unix.Getpgrp()
}
