package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// many is measured in processor time, too: that a busy host lets somebody else run first is no work of ours.
func (b *bench) many() error {
	ports := func(n int) string { return fmt.Sprintf("%d-%d", firstOfMany, firstOfMany+n-1) }
	first := strconv.Itoa(firstOfMany)
	report := func(n int) command { return command{[]string{b.portguard, "-p", ports(n)}, 0} }
	took, err := costsInTurn(b.medium,
		b.start("-p", ports(1000)), command{[]string{b.hold, first, "1000", "/bin/true"}, 0},
		report(1000), command{[]string{b.hold, first, "1000"}, 0}, report(10_000))
	if err != nil {
		return err
	}
	const c = "a C program that makes, sets and keeps the same sockets, then exec()s"
	with, alone := took[0].over(took[1]), took[2].over(took[3])
	b.add(ratioRow("1,000 free ports with COMMAND", c, with.wall, 1.5))
	b.add(ratioRow("the same, processor time", c, with.processor, 1.5).inShort(2.5))
	b.add(ratioRow("1,000 free ports, report alone", "the same without the placeholders", alone.wall, 1.6))
	b.add(ratioRow("the same, processor time", "the same", alone.processor, 1.6).inShort(3))
	b.add(ratioRow("10,000 free ports, report alone, processor time", "1,000", took[4].over(took[2]).processor, 10.5).inShort(16))
	return b.crowded()
}

const firstOfMany = 21_000

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
					few = append(few, spent)
				} else {
					many = append(many, spent)
				}
			}
		}
		b.add(ratioRow(c.what, c.against, ratioOf(many, few), c.bar).inShort(8))
		b.add(numberRow("the lines that it writes", "", float64(lines), "lines", 20).inShort(20))
	}
	return nil
}

// crowd makes one, has portguard start a command in its place, and returns the processor time and the lines of it.
func (b *bench) crowd(n int, flags []string, make func(int) (func(), error)) (time.Duration, int, error) {
	end, err := make(n)
	if err != nil {
		return 0, 0, err
	}
	defer end()
	cmd := exec.Command(b.portguard, append(flags, "-p", fmt.Sprintf("127.0.0.1:%d", crowdedPort), "--", "/bin/true")...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("%w\n%s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), bytes.Count(out, []byte("\n")), nil
}

const crowdedPort = 18_900

// makeAccepted makes connections to a port whose listener is gone then. Both ends are ours until end, which resets them.
func makeAccepted(n int) (end func(), err error) {
	var ends []int
	end = func() {
		for _, fd := range ends {
			unix.Close(fd)
		}
	}
	return end, connections(n, func(client, accepted int) error {
		ends = append(ends, client, accepted)
		return unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	})
}

// makeRemains makes connections that the server's side closes first.
func makeRemains(n int) (end func(), err error) {
	return func() {}, connections(n, func(client, accepted int) error {
		return errors.Join(unix.Close(accepted), unix.Close(client))
	})
}

func connections(n int, each func(client, accepted int) error) error {
	server := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: crowdedPort}
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
