package e2e

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

// The holders of the ladder's tests that package holders does not make.

// mptcpClient is a connection of a program that asked for MPTCP, as Go programs may; server is its other end.
func mptcpClient(t *testing.T, port uint16) (client, server int) {
	t.Helper()
	return mptcpTo(t, func(client int, to unix.Sockaddr) (err error) {
		narrowed(t, port, func() { err = unix.Connect(client, to) })
		return err
	})
}

// mptcpClientOn is one that has asked for its port.
func mptcpClientOn(t *testing.T, port uint16) (client, server int) {
	t.Helper()
	return mptcpTo(t, func(client int, to unix.Sockaddr) error {
		return errors.Join(unix.Bind(client, &unix.SockaddrInet4{Port: int(port), Addr: loopback4.As4()}), unix.Connect(client, to))
	})
}

func mptcpTo(t *testing.T, connect func(client int, to unix.Sockaddr) error) (client, server int) {
	t.Helper()
	listener := holders.MPTCP(t)
	defer unix.Close(listener)
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: loopback4.As4()}); err != nil {
		t.Fatal(err)
	}
	at, err := unix.Getsockname(listener)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(listener, 1); err != nil {
		t.Fatal(err)
	}
	client = holders.MPTCP(t)
	if err := connect(client, at); err != nil {
		t.Fatal(err)
	}
	if server, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(server) })
	return client, server
}

// selfConnected is what becomes of a client that asks a dead service on a port of the range again and again.
func selfConnected(t *testing.T, port uint16) int {
	t.Helper()
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback4}.Socket()
	if err != nil {
		t.Fatal(err)
	}
	narrowed(t, port, func() {
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(port), Addr: loopback4.As4()}); err != nil {
			t.Fatal(err)
		}
	})
	return fd
}

// ownAddr is an address from which connections to itself come, too: from all of 127.0.0.0/8 they come from 127.0.0.1.
var ownAddr = netip.AddrFrom4([4]byte{10, 98, 0, 1})
