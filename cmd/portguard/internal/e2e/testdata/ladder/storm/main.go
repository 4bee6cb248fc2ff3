// Command storm makes connections with itself, one after the other, as fast as it can, until stdin ends. The port of each
// is the kernel's choice. It says "ready" when it begins, and at the end how many connections it made and how many of them
// were given a port of the range that it watches.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	to := flag.Int("to", 0, "port to listen on, and to connect to")
	bind := flag.Bool("bind", false, "bind() to port 0 before connect()")
	remains := flag.Bool("remains", true, "leave a TIME_WAIT of every tenth connection")
	low := flag.Int("low", 0, "first port of the range to watch")
	high := flag.Int("high", 0, "last port of the range to watch")
	flag.Parse()
	if err := storm(*to, *bind, *remains, *low, *high); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func storm(to int, bind, remains bool, low, high int) error {
	// There are many of these, and a test that watches them wants to get on.
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, 19); err != nil {
		return err
	}
	server := &unix.SockaddrInet4{Port: to, Addr: [4]byte{127, 0, 0, 1}}
	listener, err := listen(server)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
		close(stop)
	}()
	fmt.Println("ready")
	for made, watched := 0, 0; ; {
		select {
		case <-stop:
			fmt.Printf("made %d %d\n", made, watched)
			return nil
		default:
		}
		port, err := once(listener, server, bind, !remains || made%10 != 0)
		if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EADDRINUSE) {
			time.Sleep(time.Millisecond) // there is no port left for the moment
			continue
		}
		// Somebody may have cut the connection before it was accepted, or stand in the way of its port.
		if err != nil && !errors.Is(err, unix.ECONNABORTED) && !errors.Is(err, unix.ECONNRESET) && !errors.Is(err, unix.EAGAIN) {
			return err
		}
		made++
		if low <= port && port <= high {
			watched++
		}
	}
}

func listen(at *unix.SockaddrInet4) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return -1, err
	}
	// accept() is not to wait for a connection that was cut meanwhile.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}); err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, at); err != nil {
		return -1, err
	}
	return fd, unix.Listen(fd, 16)
}

// once makes a connection, closes it, and returns the port that it had. Where reset is false it leaves a TIME_WAIT.
func once(listener int, server *unix.SockaddrInet4, bind, reset bool) (int, error) {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if err != nil {
		return 0, err
	}
	defer unix.Close(client)
	if bind {
		if err := unix.Bind(client, &unix.SockaddrInet4{}); err != nil {
			return 0, err
		}
	}
	if err := retry(func() error { return unix.Connect(client, server) }); err != nil {
		return 0, err
	}
	port := 0
	if name, err := unix.Getsockname(client); err == nil {
		port = name.(*unix.SockaddrInet4).Port
	}
	var accepted int
	if err := retry(func() (err error) { accepted, _, err = unix.Accept(listener); return err }); err != nil {
		return port, err
	}
	defer unix.Close(accepted)
	if reset {
		err = unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	return port, err
}

// retry is for the signals with which the Go runtime interrupts a thread.
func retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
