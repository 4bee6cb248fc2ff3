package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"portguard/netdiag/portrange"
)

func tcpSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return fd, os.NewSyscallError("socket", err)
}

func listen(at *unix.SockaddrInet4, options ...int) (int, error) {
	fd, err := tcpSocket()
	if err != nil {
		return -1, err
	}
	for _, option := range options {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1))
	}
	if err := errors.Join(err, unix.Bind(fd, at), unix.Listen(fd, 128)); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func connect(client int, server *unix.SockaddrInet4) error {
	return os.NewSyscallError("connect", unix.Connect(client, server))
}

// pickAny lets clients have their ports from a range above all other ports of the benchmark.
func pickAny() error { return portrange.SetEphemeral(portrange.Range{Low: 20_000, High: 60_999}) }

// picking does something while the kernel picks this port or none. Only one process at a time may.
func picking(port int, do func() error) error {
	if err := portrange.SetEphemeral(portrange.Range{Low: uint16(port), High: uint16(port)}); err != nil {
		return err
	}
	return errors.Join(do(), pickAny())
}

// connection makes one whose near end has a port that the kernel picked.
func connection(listener int, server *unix.SockaddrInet4, port int) (client, peer int, err error) {
	if client, err = tcpSocket(); err != nil {
		return -1, -1, err
	}
	if err := picking(port, func() error { return connect(client, server) }); err != nil {
		return -1, -1, err
	}
	peer, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return client, peer, os.NewSyscallError("accept", err)
}
