package main

import (
	"errors"
	"fmt"
	"io"
)

// The exit statuses, with the names of sysexits(3), which systemd prints. 1, 2 (a Go panic) and 200 and up (systemd's own)
// are never used.
const (
	exitOK          = 0
	exitUsage       = 64
	exitUnavailable = 69
	exitOSErr       = 71
	exitTempFail    = 75
	exitNoPerm      = 77
	exitAtRisk      = 78
	exitCannotExec  = 126
	exitNotFound    = 127
)

// exitStatuses is the table that --help prints and the documentation repeats.
var exitStatuses = []struct {
	code    int
	meaning string
}{
	{exitOK, "every endpoint can be bound (without COMMAND); with COMMAND: whatever the command returns"},
	{exitUsage, "the command line is wrong; nothing was touched"},
	{exitUnavailable, "an endpoint cannot be bound, and no allowed rung changed that"},
	{exitOSErr, "the kernel could not be asked"},
	{exitTempFail, "--wait ran out"},
	{exitNoPerm, "a rung was allowed, but this user may not do it, and the endpoint still cannot be bound"},
	{exitAtRisk, "audit: ports at risk"},
	{exitCannotExec, "COMMAND cannot be executed; nothing was touched"},
	{exitNotFound, "COMMAND was not found; nothing was touched"},
}

func printExitStatuses(w io.Writer) {
	for _, s := range exitStatuses {
		fmt.Fprintf(w, "  %3d  %s\n", s.code, s.meaning)
	}
}

// hint is a line that would help with an error, which the error tells by a method Hint: "" when there is none.
func hint(err error) string {
	var own interface{ Hint() string }
	if errors.As(err, &own) {
		return own.Hint()
	}
	return ""
}

// exitCode is the status of an error: its own, by a method ExitStatus, as one of the above or a COMMAND's; 0 of nil; and 71 of
// an error that has none.
func exitCode(err error) int {
	var own interface{ ExitStatus() int }
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return own.ExitStatus()
	}
	return exitOSErr
}
