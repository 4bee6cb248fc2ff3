// Command portguard goes in front of the command that starts a service: it finds out whether the service's port can be
// bound, says who stands in the way, gets the port free as far as it was allowed to, and becomes the service.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/coreos/go-systemd/v22/journal"

	"portguard/wrapper/become"
)

// What belongs to the main thread alone, such as the parent death signal, reaches the service only from there.
func init() { runtime.LockOSThread() }

func main() {
	app := &app{inherited: become.AtStart(), stdout: os.Stdout, stderr: os.Stderr, log: newLog(os.Stderr)}
	err := app.run(os.Args[1:])
	app.explain(err)
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
	root := newRoot(a)
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	return root.Execute()
}

// explain writes the one clear line of an error, and what would help.
func (a *app) explain(err error) {
	var quiet *notFreeError
	var risk *atRiskError
	var ended *endedError
	if err == nil || errors.As(err, &quiet) || errors.As(err, &risk) || errors.As(err, &ended) {
		return // the report, or the command itself, has said it all
	}
	h := hint(err)
	switch {
	case a.log.journal && h != "":
		a.log.say(msgFailed, journal.PriErr, nil, fmt.Sprintf("%v; hint: %s", err, h))
	case h != "":
		a.log.say(msgFailed, journal.PriErr, nil, err.Error())
		fmt.Fprintf(a.stderr, "hint: %s\n", h)
	default:
		a.log.say(msgFailed, journal.PriErr, nil, err.Error())
	}
}
