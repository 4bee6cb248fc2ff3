package guard

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/wrapper/supervise"
)

// endedError is the end of a supervised command, with the exit status that it leaves to us, or the signal that we die of, too.
type endedError struct {
	code   int
	signal unix.Signal // 0: none
}

func (e *endedError) Error() string { return fmt.Sprintf("the command ended with status %d", e.code) }

// ExitStatus is the command's.
func (e *endedError) ExitStatus() int { return e.code }

// Reported says that the command has had its own say.
func (*endedError) Reported() {}

// Unwrap tells main which signal it is.
func (e *endedError) Unwrap() error {
	if e.signal == 0 {
		return nil
	}
	return &cli.Interrupted{Signal: e.signal}
}

// conclude makes an exit status of the last run: the command's, once it has run at all.
func (r *runs) conclude(last supervise.Run, err error) error {
	var interrupted *supervise.Interrupted
	switch {
	case r.last == nil && errors.As(err, &interrupted):
		if os.Getpid() == 1 { // which no signal of its own ends
			return &endedError{code: 128 + int(interrupted.Signal)}
		}
		return &cli.Interrupted{Signal: interrupted.Signal, Command: true}
	case r.unit && errors.As(err, &interrupted):
		return dying(supervise.Status{Signal: interrupted.Signal})
	case err == nil && last.Err != nil:
		return last.Err
	case r.last.NotReady && r.last.Status == (supervise.Status{}):
		return &endedError{code: cli.ExitTempFail} // it ended well, but never did what it was started for
	case r.last.Status == (supervise.Status{}):
		return nil
	case r.unit:
		return dying(r.last.Status)
	}
	return &endedError{code: r.last.Status.Exit()}
}

// dying is the end of a unit: systemd takes one by SIGTERM for good, and status 143 for a failure.
func dying(as supervise.Status) error {
	// A core has been dumped, if at all, by the command itself.
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // cannot fail
	return &endedError{as.Exit(), as.Signal}
}
