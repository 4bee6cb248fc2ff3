package supervise

import (
	"errors"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
	"portguard/wrapper/supervise/catch"
)

// fosterWord comes before the arguments of a foster.
const fosterWord = "foster"

// fostering is the foster, in its own process: `foster VERB LINK GROUP FOREGROUND`, and what the service is started with.
func fostering(args []string, in become.Inherited) error {
	if len(args) < 4 {
		return errArguments
	}
	link, err1 := strconv.Atoi(args[1])
	group, err2 := strconv.ParseBool(args[2])
	foreground, err3 := strconv.ParseBool(args[3])
	service, err4 := serviceOf(args[4:], in)
	if errors.Join(err1, err2, err3, err4) != nil {
		return errArguments
	}
	unix.CloseOnExec(link)
	if err := unix.SetNonblock(link, false); err != nil {
		return errArguments // it was not portguard who started us
	}
	for sig := unix.Signal(1); sig <= lastSignal; sig++ { // those to our process group are about the service
		if sig != unix.SIGCHLD { // which would leave nothing to wait for
			become.Ignore(sig)
		}
	}
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	service.Inherited.Environ = handedOn(service.Inherited.Environ, os.Getppid(), os.Getpid())
	pid, err := service.start(args[0], group, foreground)
	if err != nil {
		_, err = unix.Write(link, []byte(err.Error()))
		return err
	}
	if _, err := unix.Write(link, []byte(strconv.Itoa(pid))); err != nil {
		link = -1
	}
	for {
		var info catch.Info
		err := unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WSTOPPED|unix.WCONTINUED|unix.WNOWAIT, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil // it has no child left
		}
		pid, status := info.OfChild()
		report(link, event{pid, status})
		// Only what was told: the process may have ended since it stopped.
		how := unix.WSTOPPED | unix.WCONTINUED
		if !status.Stopped() && !status.Continued() {
			how = unix.WEXITED
		}
		_ = unix.Waitid(unix.P_PID, pid, nil, how|unix.WNOHANG, nil) // our child
	}
}

// report tells portguard, if it is still there, and waits until it knows.
func report(link int, e event) {
	if _, err := unix.Write(link, e.bytes()); err != nil {
		return
	}
	for {
		if _, err := unix.Read(link, make([]byte, 1)); err != unix.EINTR {
			return
		}
	}
}
