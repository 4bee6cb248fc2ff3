package report

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// What --quiet leaves of a report: nothing of what the exit status tells, and a line of what is wrong.
func TestQuietly(t *testing.T) {
	outcome := func(port uint16, v netdiag.Verdict, errno unix.Errno, actions ...wrapper.Action) wrapper.Outcome {
		o := wrapper.Outcome{Actions: actions}
		o.Endpoint = netdiag.Endpoint{Protocol: netdiag.TCP, Port: port}
		o.Trial.Verdict, o.Trial.Errno = v, errno
		return o
	}
	var (
		free    = outcome(1, netdiag.Free, 0)
		taken   = outcome(2, netdiag.Taken, unix.EADDRINUSE)
		unknown = outcome(3, netdiag.Unknown, unix.ENOBUFS)
		denied  = outcome(4, netdiag.Taken, unix.EADDRINUSE,
			wrapper.Action{Rung: decide.Share, Result: decide.NotPossible, Detail: "x"},
			wrapper.Action{Rung: decide.Kill, Result: decide.NotPermitted, Detail: "its owner is not visible to this user"})
		late = outcome(5, netdiag.Taken, unix.EADDRINUSE)
	)
	late.TimedOut = true
	for _, tt := range []struct {
		name    string
		command bool
		all     []wrapper.Outcome
		want    string
	}{
		{"taken", false, []wrapper.Outcome{free, taken}, ""},
		{"waited for in vain", false, []wrapper.Outcome{late}, ""},
		{"the kernel could not be asked", false, []wrapper.Outcome{free, unknown},
			"portguard: 3/tcp is unknown: binding *:3 fails with \"no buffer space available\"\n"},
		{"not permitted", false, []wrapper.Outcome{taken, denied},
			"portguard: 4/tcp: taken by a socket that does not show; kill not permitted: its owner is not visible to this user (and 1 more)\n"},
		{"taken, and a command", true, []wrapper.Outcome{free, taken, unknown},
			"portguard: the command was not started: 2/tcp: taken by a socket that does not show (and 1 more)\n"},
		{"waited for in vain, and a command", true, []wrapper.Outcome{taken, late},
			"portguard: the command was not started: 5/tcp: taken by a socket that does not show; the wait ran out (and 1 more)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said bytes.Buffer
			Output{log: cli.NewLog(&said), command: tt.command}.Quietly(&wrapper.Report{Outcomes: tt.all})
			if diff := cmp.Diff(tt.want, said.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
