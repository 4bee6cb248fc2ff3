package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// command is one of those that are run in turn.
type command struct {
	argv []string
	exit int // the status that says that it did what it was asked to
}

// timed runs a command, whose output nobody reads, and returns how long it took from start to end.
func (c command) timed(null *os.File) (time.Duration, error) {
	path, err := exec.LookPath(c.argv[0])
	if err != nil {
		return 0, err
	}
	start := time.Now()
	p, err := os.StartProcess(path, c.argv, &os.ProcAttr{Files: []*os.File{null, null, null}})
	if err != nil {
		return 0, err
	}
	state, err := p.Wait()
	took := time.Since(start)
	if err == nil && state.ExitCode() != c.exit {
		err = fmt.Errorf("%v: %v, want %d", c.argv, state, c.exit)
	}
	return took, err
}

// inTurn runs commands A B C A B C ..., and returns what each took in every round. A first round, of which nothing is kept,
// fills the caches.
func inTurn(rounds int, commands ...command) ([][]time.Duration, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	took := make([][]time.Duration, len(commands))
	for round := range rounds + 1 {
		for i, c := range commands {
			d, err := c.timed(null)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				took[i] = append(took[i], d)
			}
		}
	}
	return took, nil
}

// output runs a command to its end and returns what it writes to stdout, whatever its status.
func output(argv ...string) ([]byte, int, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, 0, err
	}
	return out, cmd.ProcessState.ExitCode(), nil
}
