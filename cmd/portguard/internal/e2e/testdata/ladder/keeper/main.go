// Command keeper is a program that has the sockets which it inherits, from descriptor 3 up, and never lets go of them. What
// comes in on one it sends back. It says "ready" and lives until stdin ends.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The main thread is to have the descriptor table that /proc shows of the process.
func init() { runtime.LockOSThread() }

func main() {
	thread := flag.Bool("thread", false, "have the sockets in the descriptor table of a thread alone")
	flag.Parse()
	n, err := strconv.Atoi(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for fd := 3; fd < 3+n; fd++ {
		if !*thread {
			go echo(fd)
			continue
		}
		own := make(chan error)
		go func() {
			runtime.LockOSThread()
			own <- unix.Unshare(unix.CLONE_FILES)
			echo(fd)
			select {}
		}()
		if err := <-own; err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		unix.Close(fd)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
}

// echo ends when nothing can come any more, and leaves the socket open.
func echo(fd int) {
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buf)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		if _, err := unix.Write(fd, buf[:n]); err != nil {
			return
		}
	}
}
