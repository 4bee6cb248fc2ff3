package e2e

import (
	"bufio"
	"bytes"
	"os/exec"
	"syscall"
)

// startOnce starts a service and stops it when it is up: status 0. Otherwise it returns how the service ended, and what it
// and portguard said.
func startOnce(argv []string) (status int, errs string) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return -1, err.Error()
	}
	if err := cmd.Start(); err != nil {
		return -1, err.Error()
	}
	s := bufio.NewScanner(stdout)
	up := s.Scan() && s.Text() == "up"
	if up {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it has no reason to have ended
	}
	_ = cmd.Wait() // the status says it all
	if up {
		return 0, ""
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}
