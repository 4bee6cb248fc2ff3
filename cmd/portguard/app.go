package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
	"golang.org/x/term"

	"portguard/wrapper/become"
)

// app is what the commands share.
type app struct {
	inherited      become.Inherited
	stdout, stderr io.Writer
	log            log
}

// explain writes the one clear line of an error, and what would help.
func (a *app) explain(err error) {
	var said interface{ Reported() }
	if err == nil || errors.As(err, &said) {
		return // the report, or the command itself, has said it all
	}
	h := hint(err)
	switch {
	case a.log.journal != nil && h != "":
		a.log.say(msgFailed, journal.PriErr, nil, fmt.Sprintf("%v; hint: %s", err, strings.Join(strings.Fields(h), " ")))
	case h != "":
		a.log.say(msgFailed, journal.PriErr, nil, err.Error())
		fmt.Fprintf(a.stderr, "hint: %s\n", safeLines(h))
	default:
		a.log.say(msgFailed, journal.PriErr, nil, err.Error())
	}
}

// colour is for terminals alone, and for people who want it.
func (a *app) colour(w io.Writer, no bool) paint {
	return paint{on: !no && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)}
}

func isTerminal(w io.Writer) bool { return term.IsTerminal(descriptor(w)) }
