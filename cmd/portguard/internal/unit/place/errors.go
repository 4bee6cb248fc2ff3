package place

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd"
)

// Context bounds what is asked of systemd: a reload takes seconds on a host with thousands of units.
func Context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 2*time.Minute)
}

// needsRootError is an attempt to change units without the right to.
type needsRootError struct {
	command string // of portguard's, with its arguments
	uid     int    // Whose attempt
	err     error
}

func (e *needsRootError) Error() string {
	return fmt.Sprintf("only %s may change how a service starts: %v", cli.WhoMay(e.uid), e.err)
}

func (e *needsRootError) Unwrap() error { return e.err }

// ExitStatus is that of a missing right.
func (*needsRootError) ExitStatus() int { return cli.ExitNoPerm }

// Hint is the line that would be allowed.
func (e *needsRootError) Hint() string { return cli.AsRoot(e.uid, strings.TrimSpace(e.command)) }

// Failure says what an error of the file system or of systemd means here.
func (p Place) Failure(err error, command string) error {
	var own *noSessionError
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, fs.ErrPermission) && p.runtime != "":
		return &notYoursError{err}
	case errors.Is(err, fs.ErrPermission):
		return &needsRootError{"portguard unit " + command, os.Geteuid(), err}
	case errors.Is(err, systemd.Absent):
		return &absentError{err}
	case errors.Is(err, unix.EROFS) && strings.HasPrefix(command, "remove "):
		return fmt.Errorf("%w: its image or a configuration tool has to take the drop-in away", err)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("%w: its image or a configuration tool has to bring the drop-in (--dry-run prints it)", err)
	}
	return err
}

// absentError is a host without systemd.
type absentError struct{ err error }

func (e *absentError) Error() string { return e.err.Error() }

func (e *absentError) Unwrap() error { return e.err }

// Hint is the form that needs no systemd.
func (*absentError) Hint() string { return "portguard -p 30010 -- COMMAND" }
