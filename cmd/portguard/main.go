// Command portguard goes in front of the command that starts a service: it finds out whether the service's port can be
// bound, says who stands in the way, gets the port free as far as it was allowed to, and becomes the service.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/wrapper/become"
	_ "portguard/wrapper/become/prefault" // starts sooner
)

// What belongs to the main thread alone, such as the parent death signal, reaches the service only from there.
func init() { runtime.LockOSThread() }

func main() {
	stdout := &stdio{fd: 1, file: os.Stdout}
	stderr := &stdio{fd: 2, file: os.Stderr, patience: unread}
	app := &app{inherited: become.AtStart(), stdout: stdout, stderr: stderr, log: newLog(stderr)}
	err := permitted()
	if err == nil {
		err = app.run(os.Args[1:])
	}
	lost := stdout.lost()
	if err == nil {
		err = lost
	}
	app.explain(err)
	if lost != nil && !errors.Is(err, lost) {
		app.explain(lost) // the report that says it all is not all there
	}
	app.log.settle()
	var sig *interruptedError
	if errors.As(err, &sig) {
		dieOf(sig.signal)
	}
	os.Exit(exitCode(err))
}

// app is what the commands share.
type app struct {
	inherited      become.Inherited
	stdout, stderr io.Writer
	log            log
}

func (a *app) run(args []string) error {
	root := newMain(a)
	if !mainAlone(args) {
		addCommands(root, a)
	}
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return root.Execute()
}

// mainAlone reports whether a command line is the main command's for certain, as "-p 30010 -- java" is: before "--" there is
// no word that may be the name of another command, or ask for help. To make all the others takes as long as to find the
// port free.
func mainAlone(args []string) bool {
	for _, arg := range args {
		switch {
		case arg == "--":
			return true
		case strings.HasPrefix(arg, "--help"):
			return false
		case strings.HasPrefix(arg, "--"):
		case arg == "-p", arg == "-q", arg == "-v": // among several short flags there may be -h
		case arg == "", arg[0] < '0', arg[0] > '9':
			return false
		}
	}
	return len(args) > 0
}

// explain writes the one clear line of an error, and what would help.
func (a *app) explain(err error) {
	var said interface{ Reported() }
	if err == nil || errors.As(err, &said) {
		return // the report, or the command itself, has said it all
	}
	h := hint(err)
	switch {
	case a.log.journal && h != "":
		a.log.say(msgFailed, journal.PriErr, nil, fmt.Sprintf("%v; hint: %s", err, strings.Join(strings.Fields(h), " ")))
	case h != "":
		a.log.say(msgFailed, journal.PriErr, nil, err.Error())
		fmt.Fprintf(a.stderr, "hint: %s\n", safeLines(h))
	default:
		a.log.say(msgFailed, journal.PriErr, nil, err.Error())
	}
}
