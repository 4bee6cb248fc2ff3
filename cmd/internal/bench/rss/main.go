// Command rss runs a command and prints its peak resident memory in KiB. What a process starts with counts as its own, so
// this one is small.
package main

import (
	"os"
	"strconv"
	"syscall"
)

func main() {
	pid, err := syscall.ForkExec(os.Args[1], os.Args[1:], &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 2, 2}})
	if err != nil {
		os.Exit(126)
	}
	var usage syscall.Rusage
	if _, err := syscall.Wait4(pid, nil, 0, &usage); err != nil {
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(strconv.FormatInt(usage.Maxrss, 10) + "\n")
}
