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

// cost is what one run of a command took.
type cost struct{ wall, processor time.Duration }

// timed runs a command, whose output nobody reads, from start to end.
func (c command) timed(null *os.File) (cost, error) {
	path, err := exec.LookPath(c.argv[0])
	if err != nil {
		return cost{}, err
	}
	start := time.Now()
	p, err := os.StartProcess(path, c.argv, &os.ProcAttr{Files: []*os.File{null, null, null}})
	if err != nil {
		return cost{}, err
	}
	state, err := p.Wait()
	took := time.Since(start)
	if err != nil {
		return cost{}, err
	}
	if state.ExitCode() != c.exit {
		err = fmt.Errorf("%v: %v, want %d", c.argv, state, c.exit)
	}
	return cost{took, state.UserTime() + state.SystemTime()}, err
}

// costs are those of one command's runs.
type costs struct{ wall, processor []time.Duration }

// costsInTurn runs commands A B C A B C ..., and returns what each took in every round. A first round, of which nothing is kept,
// fills the caches.
func costsInTurn(rounds int, commands ...command) ([]costs, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	all := make([]costs, len(commands))
	for round := range rounds + 1 {
		for i, c := range commands {
			one, err := c.timed(null)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				all[i].wall, all[i].processor = append(all[i].wall, one.wall), append(all[i].processor, one.processor)
			}
		}
	}
	return all, nil
}

// inTurn is costsInTurn where only the time from start to end counts.
func inTurn(rounds int, commands ...command) ([][]time.Duration, error) {
	all, err := costsInTurn(rounds, commands...)
	took := make([][]time.Duration, len(all))
	for i, c := range all {
		took[i] = c.wall
	}
	return took, err
}

// ratios of two commands that ran in turn.
type ratios struct{ wall, processor ratio }

func (c costs) over(o costs) ratios {
	return ratios{ratioOf(c.wall, o.wall), ratioOf(c.processor, o.processor)}
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
