// Package cli answers: what does every command of portguard need? Its messages, errors that know their exit status and what would
// help, its help, and the signals that end it. It knows no command.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/cmd/portguard/internal/page"
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
			fmt.Fprintf(a.Stderr, "hint: %s\n", page.SafeLines(h))
		} else {
			page.OnTerminal(a.Stderr).Command("hint: ", 0, page.Safe(h))
		}
	default:
		a.Log.Say(MsgFailed, journal.PriErr, nil, err.Error())
	}
}
