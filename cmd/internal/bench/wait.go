package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// now is CLOCK_MONOTONIC, as the service tells it.
func now() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // fails for unknown clocks only
	return time.Duration(ts.Nano())
}

// clock reads a struct timespec that a program wrote.
func clock(r io.Reader) (time.Duration, error) {
	var ts struct{ Sec, Nsec int64 }
	err := binary.Read(r, binary.NativeEndian, &ts)
	return time.Duration(ts.Sec)*time.Second + time.Duration(ts.Nsec), err
}

// bareExec is what an exec costs without anything before it: from the last instruction of one program to the first of the
// other.
func bareExec(p programs, rounds int) (time.Duration, error) {
	var took []time.Duration
	for range rounds {
		cmd := exec.Command(p.bare, "-clock", p.first)
		out, err := cmd.Output()
		if err != nil {
			return 0, err
		}
		r := strings.NewReader(string(out))
		before, err1 := clock(r)
		after, err2 := clock(r)
		if err := errors.Join(err1, err2); err != nil {
			return 0, err
		}
		took = append(took, after-before)
	}
	return median(took), nil
}

// waiter is a portguard that waits for a port in front of a service.
type waiter struct {
	cmd    *exec.Cmd
	stdout io.Reader
}

// startWaiter returns when portguard says that it waits.
func startWaiter(p programs, port int) (waiter, error) {
	cmd := exec.Command(p.portguard, "--wait", "2m", "-p", strconv.Itoa(port), "--", p.first)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err1 := cmd.StdoutPipe()
	stderr, err2 := cmd.StderrPipe()
	if err := errors.Join(err1, err2); err != nil {
		return waiter{}, err
	}
	if err := cmd.Start(); err != nil {
		return waiter{}, err
	}
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	if err != nil || !strings.Contains(line, "waiting") {
		return waiter{}, fmt.Errorf("it does not wait: %q, %w", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // until it ends
	return waiter{cmd, stdout}, nil
}

// started returns the time of the service's first instruction.
func (w waiter) started() (time.Duration, error) {
	at, err := clock(w.stdout)
	return at, errors.Join(err, w.cmd.Wait())
}

// waitForClose is the time from the close of a holder, which this process is, to the service's first instruction.
func waitForClose(p programs, rounds int) ([]time.Duration, error) {
	const port = 18_000
	server := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 7001}
	listener, err := listen(server)
	if err != nil {
		return nil, err
	}
	defer unix.Close(listener)
	var took []time.Duration
	for round := range rounds {
		client, peer, err := connection(listener, server, port)
		if err != nil {
			return nil, err
		}
		w, err := startWaiter(p, port)
		if err != nil {
			return nil, err
		}
		time.Sleep(time.Duration(100+round*37%100) * time.Millisecond) // it does look again now and then
		reset := &unix.Linger{Onoff: 1}                                // no TIME_WAIT
		if err := unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, reset); err != nil {
			return nil, err
		}
		closed := now()
		unix.Close(client)
		at, err := w.started()
		unix.Close(peer)
		if err != nil {
			return nil, err
		}
		took = append(took, at-closed)
	}
	return took, nil
}

// waitForRemains is the time from the end of a TIME_WAIT record to the service's first instruction, for several ports. They
// are made apart: the kernel ends those of the same two seconds at the same moment, and all services would start at once.
// short takes FIN_WAIT2 records, which end after two seconds, not a minute.
func waitForRemains(p programs, ports int, short bool) ([]time.Duration, error) {
	if short {
		if err := os.WriteFile("/proc/sys/net/ipv4/tcp_fin_timeout", []byte("2"), 0); err != nil {
			return nil, err
		}
	}
	server := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 7002}
	listener, err := listen(server)
	if err != nil {
		return nil, err
	}
	defer unix.Close(listener)
	type answer struct {
		took time.Duration
		err  error
	}
	answers := make(chan answer)
	for i := range ports {
		port := 18_100 + i
		client, peer, err := connection(listener, server, port)
		if err != nil {
			return nil, err
		}
		unix.Close(client)
		if !short {
			unix.Close(peer) // FIN_WAIT2 becomes TIME_WAIT
			time.Sleep(2500 * time.Millisecond)
		} else {
			defer unix.Close(peer)
		}
		w, err := startWaiter(p, port)
		if err != nil {
			return nil, err
		}
		go func() {
			gone, err := awaitGone(port)
			at, err2 := w.started()
			answers <- answer{at - gone, errors.Join(err, err2)}
		}()
	}
	var took []time.Duration
	var failed error
	for range ports {
		a := <-answers
		took, failed = append(took, a.took), errors.Join(failed, a.err)
	}
	return took, failed
}

// awaitGone watches what remains on a port, and returns when it was gone, to a millisecond.
func awaitGone(port int) (time.Duration, error) {
	c, err := sockdiag.Dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	ctx := context.Background()
	all, err := c.Dump(ctx, sockdiag.Query{Protocol: unix.IPPROTO_TCP, Ports: []sockdiag.PortRange{{First: uint16(port), Last: uint16(port)}}})
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(all, sockdiag.Socket.Minisock)
	if at < 0 {
		return 0, fmt.Errorf("nothing remains on port %d: %+v", port, all)
	}
	time.Sleep(all[at].Expires - 200*time.Millisecond)
	for {
		switch _, err := c.Lookup(ctx, all[at]); {
		case errors.Is(err, sockdiag.ErrGone):
			return now(), nil
		case err != nil:
			return 0, err
		}
		time.Sleep(time.Millisecond)
	}
}
