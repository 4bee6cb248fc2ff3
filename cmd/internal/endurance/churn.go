package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	rate  = 1000 // connections a second
	batch = 10
)

// picks is what the churn says at its end.
type picks struct {
	made   int
	failed int // no port was left
	held   int // were given a port that is held
	beside int // were given one of the ports after those
	own    int // were given the port of a supervised service
}

const picksFormat = "made %d failed %d held %d beside %d own %d\n"

// beChurn makes connections with itself, says "ready" when it has begun, and goes on until stdin ends.
func beChurn() error {
	listener, err := listenAll(serverPort)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // an error is an end, too
		close(stop)
	}()
	fmt.Println("ready")
	var p picks
	tick := time.NewTicker(batch * time.Second / rate)
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case <-stop:
			fmt.Printf(picksFormat, p.made, p.failed, p.held, p.beside, p.own)
			return nil
		case <-tick.C:
		}
		// What was missed, because the processor was elsewhere, is made up for.
		for due := int(time.Since(began).Seconds() * rate); p.made < due; {
			port, err := converse(listener, p.made)
			if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EADDRINUSE) {
				p.failed++
				break
			}
			if err != nil {
				return err
			}
			p.made++
			p.count(port)
		}
	}
}

func (p *picks) count(port int) {
	switch {
	case port >= heldLow && port <= heldHigh:
		p.held++
	case port > heldHigh && port <= besideHigh:
		p.beside++
	case port == crashingPort, port == quietPort:
		p.own++
	}
}

// converse makes one connection, as many kinds as there are on a host, and returns the port that its client was given. Most
// leave a TIME_WAIT record at the client's end, some at the server's, some none.
func converse(listener, n int) (port int, err error) {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	defer func() {
		if client >= 0 {
			unix.Close(client)
		}
	}()
	if n%10 == 0 {
		if err := unix.Bind(client, &unix.SockaddrInet4{}); err != nil {
			return 0, os.NewSyscallError("bind", err)
		}
	}
	if err := unix.Connect(client, &unix.SockaddrInet4{Port: serverPort, Addr: [4]byte{127, 0, 0, byte(1 + n%8)}}); err != nil {
		return 0, os.NewSyscallError("connect", err)
	}
	server, from, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		return 0, os.NewSyscallError("accept", err)
	}
	defer unix.Close(server)
	if err := errors.Join(say(client, server, "request"), say(server, client, "answer")); err != nil {
		return 0, err
	}
	switch n % 10 {
	case 7:
		err = unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // a reset
	case 8, 9:
		return from.(*unix.SockaddrInet4).Port, nil // the server closes first
	}
	unix.Close(client)
	client = -1
	return from.(*unix.SockaddrInet4).Port, err
}

func say(from, to int, text string) error {
	if _, err := unix.Write(from, []byte(text)); err != nil {
		return os.NewSyscallError("write", err)
	}
	_, err := unix.Read(to, make([]byte, len(text)))
	return os.NewSyscallError("read", err)
}

// listenAll listens as servers do: with SO_REUSEADDR, on every IPv4 address.
func listenAll(port int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.Bind(fd, &unix.SockaddrInet4{Port: port}),
		unix.Listen(fd, 128))
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("listen on %d: %w", port, err)
	}
	return fd, nil
}
