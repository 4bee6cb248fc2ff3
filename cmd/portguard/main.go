// Command portguard goes in front of the command that starts a service: it finds out whether the service's port can be
// bound, says who stands in the way, gets the port free as far as it was allowed to, and becomes the service.
package main

import (
	"errors"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/cmd/portguard/internal/hold"
	"portguard/cmd/portguard/internal/page"
	"portguard/wrapper/become"
)

// What belongs to the main thread alone, such as the parent death signal, reaches the service only from there.
func init() { runtime.LockOSThread() }

func main() {
	grow(len(os.Args))
	stdout := &page.Stdio{Fd: 1, File: os.Stdout}
	stderr := &page.Stdio{Fd: 2, File: os.Stderr, Patience: page.Unread}
	app := &cli.App{Inherited: become.AtStart(), Stdout: stdout, Stderr: stderr, Log: cli.NewLog(stderr)}
	become.Mortal(app.Inherited)
	err := permitted()
	if err == nil {
		err = run(app, os.Args[1:])
	}
	lost := stdout.Lost()
	if err == nil && !stdout.Expendable() {
		err = lost
	}
	app.Explain(err)
	if lost != nil && !errors.Is(err, lost) {
		app.Explain(lost) // the report that says it all is not all there
	}
	app.Log.Settle()
	var sig *cli.Interrupted
	if errors.As(err, &sig) {
		cli.DieOf(sig.Signal)
	}
	os.Exit(cli.Status(err))
}

// grow has the stack grow once, to the 16 KiB that a start takes, while there is nothing on it. It would grow thrice, and each time the
// runtime looks up of every function what it has there.
//
//go:noinline
func grow(any int) byte {
	var frame [9 << 10]byte
	return frame[any%len(frame)] // any of them: all are kept
}

// run is portguard with these arguments.
func run(a *cli.App, args []string) error {
	a.Args = args
	root := newMain(a)
	switch {
	case completing(args) && mainAlone(root.Flags(), args[1:]):
		complete.All(root) // else cobra would offer the other commands behind a leading "--", where COMMAND stands
	case mainAlone(root.Flags(), args):
	case len(args) > 0 && args[0] == "hold": // which stays, and what it has made with it
		root.AddCommand(hold.New(a))
	default:
		addCommands(root, a)
	}
	if completing(args) {
		complete.Plain(root)
	}
	root.SetArgs(args)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	cmd, err := root.ExecuteC()
	return right(cmd, args, err)
}

// completing reports whether a shell asks what may stand behind all but the last of the arguments.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// mainAlone reports whether a command line is the main command's for certain, as "-p 30010 -- java" is: before "--" there is
// no word that may be the name of another command, or ask for help. To make all the others takes as long as to find the
// port free, and they stay in memory.
func mainAlone(flags *pflag.FlagSet, args []string) bool {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return true
		case strings.HasPrefix(arg, "--help"):
			return false
		case strings.HasPrefix(arg, "--"):
			if f := flags.Lookup(arg[2:]); f != nil && f.NoOptDefVal == "" {
				i++ // its value
			}
		case arg == "-p":
			i++
		case arg == "-q", arg == "-v": // among several short flags there may be -h
		case arg == "", arg[0] < '0', arg[0] > '9':
			return false
		}
	}
	return len(args) > 0
}
