// Package cli answers: what does every command of portguard need? Its messages, errors that know their exit status and what would
// help, its help, and the signals that end it. It knows no command.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/page"
	"portguard/internal/environ"
	"portguard/wrapper/become"
)

// App is what the commands share.
type App struct {
	Args           []string // what portguard was called with
	Inherited      become.Inherited
	Stdout, Stderr io.Writer
	Log            Log
}

// ForSystemd keeps the report from deciding what its verdict is to decide, where systemd runs this very process: whether a service starts hangs
// on what is found, not on a log (StandardOutput=) whose disk is full, or that nobody reads. What was lost takes one line on stderr.
//
// It is asked for by commands whose exit status says it all, and not where they print JSON, which is for somebody who asked. systemd does not
// tell which line of a unit it runs, so it holds in ExecStartPre=, ExecStartPost= and ExecCondition= as in ExecStart= of a oneshot, with a
// timer or without: there, too, the status goes by the port.
func (a *App) ForSystemd() {
	if stdout, ok := a.Stdout.(*page.Stdio); ok && environ.FromSystemd(a.Inherited.Environ, os.Getpid()) {
		stdout.Patience = page.Unread
	}
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
			fmt.Fprintf(a.Stderr, "hint: %s\n", page.SafeLines(h))
		} else {
			page.OnTerminal(a.Stderr).Command("hint: ", 0, page.Safe(h))
		}
	default:
		a.Log.Say(MsgFailed, journal.PriErr, nil, err.Error())
	}
}
