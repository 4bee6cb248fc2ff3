package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// crowded is one port that many sockets have. What is done to them cannot be done twice, so there is a crowd for every run.
func (b *bench) crowded() error {
	for _, c := range []struct {
		what, against string
		few, many     int
		bar           float64
		flags         []string
		make          func(int) (func(), error)
	}{
		{"16,000 TIME_WAIT records on one port, `--close`, processor time", "4,000", 4000, 16_000, 4.4,
			[]string{"--close", "--reuseaddr", "no"}, makeRemains},
		{"8,000 connections on one port, `--share`, processor time", "2,000", 2000, 8000, 4.4, []string{"--share"}, makeAccepted},
	} {
		var few, many []time.Duration
		lines := 0
		for range b.crowds {
			for _, n := range []int{c.few, c.many} {
				spent, said, err := b.crowd(n, c.flags, c.make)
				if err != nil {
					return fmt.Errorf("%s: %w", c.what, err)
				}
				if lines = max(lines, said); n == c.few {
					few = append(few, spent.processor)
				} else {
					many = append(many, spent.processor)
				}
			}
		}
		b.add(ratioRow(c.what, c.against, ratioOf(many, few), c.bar).inShort(8))
		b.add(numberRow("the lines that it writes", "", float64(lines), "lines", 20).inShort(20))
	}
	return nil
}

// sharedByAll is one port that many processes have, each with as many connections as many hosts let it have.
func (b *bench) sharedByAll() error {
	var wall, processor []time.Duration
	lines := 0
	for range (b.crowds + 1) / 2 {
		spent, said, err := b.crowd(54_000, []string{"--share"}, makeEverywhere)
		if err != nil {
			return err
		}
		wall, processor, lines = append(wall, spent.wall), append(processor, spent.processor), max(lines, said)
	}
	const squared, bar = 73, 0.07 // what it took while time grew with the square of the connections, and how much of that it may take
	against := fmt.Sprintf("the %d s that it took once", squared)
	b.add(partRow("54,000 connections on one port, `--share`", against, median(wall).Seconds(), "s", squared, bar))
	b.add(partRow("the same, processor time", against, median(processor).Seconds(), "s", squared, bar))
	b.add(numberRow("the lines that it writes", "", float64(lines), "lines", 20))
	return nil
}

// crowd makes one, has portguard start a command in its place, and returns what that took and the lines that it wrote.
func (b *bench) crowd(n int, flags []string, make func(int) (func(), error)) (cost, int, error) {
	end, err := make(n)
	defer end()
	if err != nil {
		return cost{}, 0, err
	}
	cmd := exec.Command(b.portguard, append(flags, "-p", fmt.Sprintf("0.0.0.0:%d", crowdedPort), "--", "/bin/true")...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return cost{}, 0, fmt.Errorf("%w\n%s", err, out)
	}
	return cost{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, bytes.Count(out, []byte("\n")), nil
}

const crowdedPort = 18_900

// makeAccepted makes connections to a port whose listener is gone then. Both ends are ours until end, which resets them.
func makeAccepted(n int) (end func(), err error) { return acceptedBy(0, n) }

// acceptedBy makes them at an address for each number, as there are not enough ports for more at one.
func acceptedBy(number, n int) (end func(), err error) {
	var ends []int
	end = func() {
		for _, fd := range ends {
			unix.Close(fd)
		}
	}
	return end, connections(number, n, func(client, accepted int) error {
		ends = append(ends, client, accepted)
		return unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	})
}

// makeEverywhere is makeAccepted for more than one process may have open.
func makeEverywhere(n int) (end func(), err error) {
	const each = 6000
	l := &load{}
	for number := range n / each {
		if _, err := l.start([]string{"accepted", strconv.Itoa(number), strconv.Itoa(each)}, nil); err != nil {
			return l.stop, err
		}
	}
	return l.stop, nil
}

// beAccepted is a process of makeEverywhere.
func beAccepted(number, n int) error {
	end, err := acceptedBy(number, n)
	defer end()
	if err != nil {
		return err
	}
	fmt.Println(crowdedPort)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// makeRemains makes connections that the server's side closes first.
func makeRemains(n int) (end func(), err error) {
	return func() {}, connections(0, n, func(client, accepted int) error {
		return errors.Join(unix.Close(accepted), unix.Close(client))
	})
}

func connections(number, n int, each func(client, accepted int) error) error {
	server := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(1 + number)}, Port: crowdedPort}
	listener, err := listen(server)
	if err != nil {
		return err
	}
	defer unix.Close(listener)
	for range n {
		client, err := tcpSocket()
		if err != nil {
			return err
		}
		if err := connect(client, server); err != nil {
			return err
		}
		accepted, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != nil {
			return os.NewSyscallError("accept", err)
		}
		if err := each(client, accepted); err != nil {
			return err
		}
	}
	return nil
}
