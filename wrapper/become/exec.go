package become

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrNotMainThread is returned by Exec on any other thread than the main one: see the package comment.
var ErrNotMainThread = errors.New("not on the main thread")

const (
	shell    = "/bin/sh" // _PATH_BSHELL
	elfMagic = "\x7fELF"
)

// Exec becomes the service: it puts back what was inherited and executes path, which comes from [Resolve], with argv and
// in.Environ. A script without "#!" is run by /bin/sh, as execvp(3) does, but not a binary for another machine.
// It returns only on failure, with signals as they were before the call.
//
// Every fd without close-on-exec goes to the service. The soft RLIMIT_NOFILE is put back by syscall.Exec, unless the program
// has set that limit itself: don't. Errors of execve are of type *[Error].
//
// A signal that arrives after the caller has looked for it (a channel of signal.Notify) and before execve is lost unless its
// handling was stopped first: signal.Reset, look at the channel, then Exec.
func Exec(path string, argv []string, in Inherited) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Gettid() != unix.Getpid() {
		return ErrNotMainThread
	}
	if len(argv) == 0 {
		return &Error{Path: path, Err: unix.EINVAL}
	}
	closeOnExec(in.ClosedStdio)
	blocked, err := blockedNow()
	if err != nil {
		return err
	}
	unignore, err := setIgnored(in.Ignored)
	if err != nil {
		return err
	}
	defer unignore()
	if in.Blocked.Has(unix.SIGURG) {
		defer uninterrupted()()
	}
	if err := setBlocked(in.Blocked); err != nil {
		return err
	}
	defer func() { _ = setBlocked(blocked) }() // was so a moment ago

	err = syscall.Exec(path, argv, in.Environ)
	if errors.Is(err, unix.ENOEXEC) && !bytes.HasPrefix(head(path), []byte(elfMagic)) {
		err = syscall.Exec(shell, append([]string{shell, path}, argv[1:]...), in.Environ)
	}
	return execError(argv[0], path, err)
}

// uninterrupted keeps the Go runtime from interrupting this thread by SIGURG, until undo: a service that has SIGURG blocked
// would find one pending. With one P, which this thread holds, and no garbage collection there is nobody to interrupt it,
// but for sysmon, once the thread has run for 10 ms on end. Only a host so busy that execve takes that long shows one still.
func uninterrupted() (undo func()) {
	percent := debug.SetGCPercent(-1)
	procs := runtime.GOMAXPROCS(1) // waits for the end of a collection, too
	runtime.Gosched()              // those 10 ms begin now
	return func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(percent)
	}
}

// closeOnExec gives back closed what the Go runtime opened /dev/null on. Unlike close, it does no harm if execve fails.
func closeOnExec(fds [3]bool) {
	for fd, wasClosed := range fds {
		if wasClosed {
			unix.CloseOnExec(fd)
		}
	}
}

// execError tells the two meanings of execve's ENOENT apart: the file has gone, or what it needs to run is not there.
func execError(command, path string, err error) *Error {
	if errors.Is(err, unix.ENOENT) {
		if _, statErr := os.Stat(path); statErr != nil {
			return &Error{Command: command, Err: err}
		}
		err = fmt.Errorf("the loader that it names: %w", err)
	}
	return &Error{Command: command, Path: path, Err: err}
}
