package main

import (
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// listening is the time from a service's listen() to the end of the ready that waits for it.
func listening(p programs, rounds int) ([]time.Duration, error) {
	const port = 18_200
	var took []time.Duration
	for round := range rounds {
		cmd := exec.Command(p.portguard, "ready", "--wait", "2m", "-p", strconv.Itoa(port))
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		time.Sleep(time.Duration(200+round*37%100) * time.Millisecond) // it looks again now and then
		fd, err := listen(&unix.SockaddrInet4{Port: port})
		if err != nil {
			return nil, err
		}
		began := now()
		err = cmd.Wait()
		took = append(took, now()-began)
		unix.Close(fd)
		if err != nil {
			return nil, err
		}
	}
	return took, nil
}
