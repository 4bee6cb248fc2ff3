package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	runLength = 3 * time.Second // of the service that crashes
	greeting  = "up"
)

// beService is a service that greets whoever connects. It says "up" when it listens and "lost" when it cannot, and crashes
// after some time unless that is 0. It ends with its stdin.
func beService(port, life string) error {
	d, err := time.ParseDuration(life)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", ":"+port)
	if err != nil {
		fmt.Println("lost", err)
		return err
	}
	fmt.Println("up")
	if d > 0 {
		time.AfterFunc(d, func() { _ = unix.Kill(os.Getpid(), unix.SIGKILL) })
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
		os.Exit(0)
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		_, _ = io.WriteString(c, greeting) // the client may have gone
		_ = c.Close()
	}
}

// greeted reports whether a service is there, which it may be a moment late: it is started again after each crash.
func greeted(port int) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			text, err := io.ReadAll(c)
			if err := errors.Join(err, c.Close()); err == nil && string(text) == greeting {
				return true
			}
		}
	}
	return false
}
