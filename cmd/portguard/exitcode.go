package main

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/become"
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

// usageError is a wrong command line, with a right one.
type usageError struct {
	problem string
	right   string
}

func (e *usageError) Error() string { return e.problem }

// exitCode is the one place that knows which failure has which number.
func exitCode(err error) int {
	var usage *usageError
	var taken *notFreeError
	var command *become.Error
	var root *needsRootError
	var denied *deniedError
	var risk *atRiskError
	var ended *endedError
	var setuid *setuidError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &ended):
		return ended.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &command):
		if command.NotFound() {
			return exitNotFound
		}
		return exitCannotExec
	case errors.As(err, &root), errors.As(err, &denied), errors.As(err, &setuid):
		return exitNoPerm
	case errors.As(err, &risk):
		return exitAtRisk
	case errors.As(err, &taken):
		return reportCode(taken.report)
	}
	return exitOSErr
}

// reportCode is the status for a report in which not every endpoint is free. The most telling reason of any endpoint
// wins: what a capability would mend, then what more time would mend, then a port held, then a kernel that cannot be asked.
func reportCode(r *wrapper.Report) int {
	var noPerm, timedOut, unavailable bool
	for i := range r.Outcomes {
		o := &r.Outcomes[i]
		switch o.Trial.Verdict {
		case netdiag.Free:
			continue
		case netdiag.Unknown:
			if o.Trial.Errno != unix.EAFNOSUPPORT {
				continue
			}
		}
		unavailable = true
		timedOut = timedOut || o.TimedOut
		for _, a := range o.Actions {
			noPerm = noPerm || a.Result == wrapper.NotPermitted
		}
	}
	switch {
	case noPerm:
		return exitNoPerm
	case timedOut:
		return exitTempFail
	case unavailable:
		return exitUnavailable
	}
	return exitOSErr
}
