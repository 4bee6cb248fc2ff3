// Package cli answers: what does every command of portguard need? Its streams and messages, errors that know their exit status and
// what would help, the signals that end it, and text made safe to print. It knows no command.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"portguard/netdiag/permit"
	"portguard/wrapper/become"
)

// App is what the commands share.
type App struct {
	Args           []string // what portguard was called with
	Inherited      become.Inherited
	Stdout, Stderr io.Writer
	Log            Log
}

// Explain writes the one clear line of an error, and what would help.
func (a *App) Explain(err error) {
	var said interface{ Reported() }
	if err == nil || errors.As(err, &said) {
		return // the report, or the command itself, has said it all
	}
	h := Hint(err)
	switch {
	case a.Log.Journal != nil && h != "":
		a.Log.Say(MsgFailed, journal.PriErr, nil, fmt.Sprintf("%v; hint: %s", err, strings.Join(strings.Fields(h), " ")))
	case h != "":
		a.Log.Say(MsgFailed, journal.PriErr, nil, err.Error())
		if strings.Contains(h, "\n") {
			fmt.Fprintf(a.Stderr, "hint: %s\n", safeLines(h))
		} else {
			Page{a.Stderr, terminalWidth(descriptor(a.Stderr))}.Command("hint: ", 0, Safe(h))
		}
	default:
		a.Log.Say(MsgFailed, journal.PriErr, nil, err.Error())
	}
}

// Colour is for terminals alone, and for people who want it.
func (a *App) Colour(w io.Writer, no bool) Paint {
	return Paint{On: !no && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(w)}
}

// IsTerminal reports whether stdout or stderr is one.
func IsTerminal(w io.Writer) bool { return isTerminal(descriptor(w)) }

// isTerminal is false where a seccomp filter kills for the question, ioctl.
func isTerminal(fd int) bool {
	var st unix.Stat_t
	if unix.Fstatat(fd, "", &st, unix.AT_EMPTY_PATH) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
		return false // a pipe, a file or a socket, as nearly everywhere that has a filter
	}
	return permit.Syscall(unix.SYS_IOCTL) && term.IsTerminal(fd)
}
