package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// testLimit is how long the tests may take on one kernel: an emulated one is some twenty times as slow as a real one.
const testLimit = 25 * time.Minute

// attempt is one way to run a kernel: a program, and how much patience to have with it.
type attempt struct {
	command func(ctx context.Context, results *os.File) *exec.Cmd
	start   time.Duration // how long it may take to come to the tests
	silence time.Duration // how long the tests may say nothing new
	tries   int           // as long as it does not come to the tests
}

// boot runs a kernel until it switches itself off. What the tests say goes to a file. The error has the end of what the
// kernel says, when it did not get to the end of the tests.
func (a attempt) boot(ctx context.Context, said string) error {
	for try := 1; ; try++ {
		console, err := a.once(ctx, said)
		if isWhole(said) {
			return nil
		}
		info, statErr := os.Stat(said)
		switch {
		case statErr != nil:
			return statErr
		case try == a.tries || info.Size() > 0 || ctx.Err() != nil:
			return fmt.Errorf("it ended before the tests did: %w\n%s", err, console[max(0, len(console)-2000):])
		}
	}
}

// isWhole reports whether a file has what the tests said, to their end.
func isWhole(said string) bool {
	text, err := os.ReadFile(said)
	return err == nil && strings.Contains(string(text), "\n=== end")
}

// once returns what the kernel says. One that does not come to the tests, or not to their end, is stopped.
func (a attempt) once(ctx context.Context, said string) (console []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	results, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer results.Close()
	cmd := a.command(ctx, results)
	// The parent death signal is sent when the thread that forked ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = time.Second
	go a.watch(ctx, stop, said)
	err = cmd.Run()
	return b.Bytes(), errors.Join(context.Cause(ctx), err)
}

// watch stops a kernel that says nothing for too long.
func (a attempt) watch(ctx context.Context, stop context.CancelCauseFunc, said string) {
	size, since := int64(0), time.Now()
	for ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		info, err := os.Stat(said)
		switch {
		case err != nil:
			return
		case info.Size() != size:
			size, since = info.Size(), time.Now()
		case size == 0 && time.Since(since) > a.start:
			stop(fmt.Errorf("the tests did not begin within %s", a.start))
		case size > 0 && time.Since(since) > a.silence:
			stop(fmt.Errorf("the tests said nothing for %s", a.silence))
		}
	}
}
