package cli

import "errors"

// The exit statuses, with the names of sysexits(3), which systemd prints. 1, 2 (a Go panic) and 200 and up (systemd's own)
// are never used.
const (
	ExitOK          = 0
	ExitUsage       = 64
	ExitUnavailable = 69
	ExitOSErr       = 71
	ExitTempFail    = 75
	ExitNoPerm      = 77
	ExitAtRisk      = 78
	ExitCannotExec  = 126
	ExitNotFound    = 127
)

// Statuses is the table that --help prints and the documentation repeats.
var Statuses = []struct {
	Code    int
	Meaning string
}{
	{ExitOK, "every endpoint can be bound (without COMMAND); with COMMAND: whatever the command returns"},
	{ExitUsage, "the command line is wrong; nothing was touched"},
	{ExitUnavailable, "an endpoint cannot be bound, and none of the allowed steps freed it"},
	{ExitOSErr, "the kernel or systemd could not be asked"},
	{ExitTempFail, "--wait ran out"},
	{ExitNoPerm, "an allowed step takes rights that this user lacks, and the endpoint still cannot be bound"},
	{ExitAtRisk, "audit: ports at risk"},
	{ExitCannotExec, "COMMAND cannot be executed; nothing was touched"},
	{ExitNotFound, "COMMAND was not found; nothing was touched"},
}

// Hint is a line that would help with an error, which the error tells by a method Hint: "" when there is none.
func Hint(err error) string {
	var own interface{ Hint() string }
	if errors.As(err, &own) {
		return own.Hint()
	}
	return ""
}

// AsRoot is a hint to who may not do what a command does: how the one may who is meant. To root, of a user namespace or without
// capabilities, sudo would give no more.
func AsRoot(uid int, command string) string {
	if uid == 0 {
		return "on the host: " + command
	}
	return "sudo " + command
}

// WhoMay is who is meant by that hint.
func WhoMay(uid int) string {
	if uid == 0 {
		return "root of the host"
	}
	return "root"
}

// Status is the status of an error: its own, by a method ExitStatus, as one of the above or a COMMAND's; 0 of nil; and 71 of
// an error that has none.
func Status(err error) int {
	var own interface{ ExitStatus() int }
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &own):
		return own.ExitStatus()
	}
	return ExitOSErr
}
