package main

import "os/exec"

// processes are those that stand beside what is measured, until they are stopped.
type processes []*exec.Cmd

func (all processes) stop() {
	for _, cmd := range all {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, as it should be
	}
}
