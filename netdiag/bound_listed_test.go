package netdiag

import (
	"context"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/release"
	"portguard/netdiag/sockdiag"
)

// What one socket of our own tells is so of every other.
func TestShowsBoundIsSoOfEveryBoundSocket(t *testing.T) {
	const port = 31150
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.IPv6Unspecified()}.Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	p := NewProber()
	defer p.Close()
	sockets, err := p.list(t.Context(), TCP, []sockdiag.PortRange{{First: port, Last: port}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.showsBound(t.Context()), len(sockets) == 1; got != want {
		t.Errorf("%v, and the tables have %d on port %d", got, len(sockets), port)
	}
	if since := release.Since(6, 8); since && len(sockets) == 0 {
		t.Error("this kernel calls itself 6.8 or later, and does not list a bound socket")
	}
}

// Where no port can be had to find out, nothing is taken for granted.
func TestShowsBoundWithoutAPort(t *testing.T) {
	const port = 31151
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.IPv6Unspecified()}.Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	nstest.SetRange(t, port, port)
	p := NewProber()
	defer p.Close()
	if p.showsBound(context.Background()) {
		t.Error("a port was found where there is none")
	}
}
