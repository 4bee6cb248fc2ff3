package e2e

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// faultLong runs the tests of faults with many more of them.
var faultLong = flag.Bool("fault.long", false, "run the tests of faults with every system call, and with 200 kills of each command: half an hour")

func faults(short, long int) int {
	if *faultLong {
		return long
	}
	return short
}

// aftermath is what a run came to in which something went wrong.
type aftermath struct {
	status    int
	out, errs string
}

func (a aftermath) text() string { return a.out + a.errs }

// suffer runs a command to its end, which has to come within the time.
func suffer(t *testing.T, limit time.Duration, argv ...string) aftermath {
	t.Helper()
	return sufferCommand(t, limit, func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, argv[0], argv[1:]...) })
}

// sufferCommand is suffer for a command that takes more than arguments.
func sufferCommand(t *testing.T, limit time.Duration, command func(context.Context) *exec.Cmd) aftermath {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := command(ctx)
	var out, errs bytes.Buffer
	for stream, b := range map[*io.Writer]*bytes.Buffer{&cmd.Stdout: &out, &cmd.Stderr: &errs} {
		if *stream == nil {
			*stream = b
		}
	}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%v has not ended within %s\n%s%s", cmd.Args, limit, out.String(), errs.String())
	case err != nil && !errors.As(err, &exit):
		t.Fatal(err)
	}
	return aftermath{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// client lets a process have a port, as its end of a connection; peer is the other end.
func (l *ladder) client(t *testing.T) (port uint16, holder *actor, peer int) {
	t.Helper()
	port = l.port()
	h := l.rig.Hold(t, port, pooled(loopback4))
	return port, l.take(t, h), h.Peer
}

// trace is what a Go program that crashes leaves on stderr.
var trace = regexp.MustCompile(`panic:|fatal error:|goroutine \d+|runtime:|\.go:\d+`)

// honest checks what holds whatever went wrong: one of our exit statuses, never a stack trace, and never silence.
func (a aftermath) honest(t *testing.T, statuses ...int) {
	t.Helper()
	if m := trace.FindString(a.text()); m != "" {
		t.Errorf("%q is the end of a program that has crashed\n%s", m, a.text())
	}
	if !slices.Contains(statuses, a.status) {
		t.Errorf("exit status %d, want one of %v\n%s", a.status, statuses, a.text())
	}
	if a.status != 0 && strings.TrimSpace(a.text()) == "" {
		t.Errorf("exit status %d, and not a word", a.status)
	}
}

// says checks what was said.
func (a aftermath) says(t *testing.T, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(strings.Join(strings.Fields(a.text()), " ")) {
		t.Errorf("%q is not said in\n%s", pattern, a.text())
	}
}
