package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// resting is the memory that nobody shares with what stays beside a service.
func (b *bench) resting() error {
	const once = 1.56 // MiB, before anybody looked at it
	against := fmt.Sprintf("the %g MiB that it took once", once)
	port := strconv.Itoa(freePort)
	for _, c := range []struct {
		what string
		args []string
	}{
		{"`hold`", []string{"hold", "-p", port}},
		{"`--restart`", []string{"--restart", "always", "-p", port, "--", "sh", "-c", "echo started >&2; exec sleep infinity"}},
	} {
		kib, err := atRest(exec.Command(b.portguard, c.args...))
		if err != nil {
			return fmt.Errorf("%s: %w", c.what, err)
		}
		mib := float64(kib) / 1024
		b.add(partRow("memory of its own that "+c.what+" keeps at rest", against, mib, "MiB", once, 0.75).inShort(0.8))
	}
	return nil
}

// atRest is the anonymous memory of a command, in KiB, once it has said something.
func atRest(cmd *exec.Cmd) (int, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // ended by us
	}()
	if _, err := bufio.NewReader(stderr).ReadString('\n'); err != nil {
		return 0, err
	}
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(rollup, []byte("\nAnonymous:"))
	size, _, found := strings.Cut(strings.TrimSpace(string(rest)), " kB")
	if !found {
		return 0, fmt.Errorf("there is no anonymous memory in\n%s", rollup)
	}
	return strconv.Atoi(size)
}
