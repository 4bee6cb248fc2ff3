package e2e

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// TestRestartsKeepWorking: what --share did once lasts, and what the connection becomes is no obstacle either.
func TestRestartsKeepWorking(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	h := l.rig.Hold(t, port, pooled(loopback4))
	remote := portOf(t, h.Peer)
	client := l.take(t, h)
	l.dies(t, port)
	l.serves(t, port, "--share").stop(t, unix.SIGTERM)

	restarts := func(name string) {
		t.Run(name, func(t *testing.T) {
			for n := range many(3, 20) {
				l.serves(t, port).stop(t, unix.SIGTERM)
				if t.Failed() {
					t.Fatalf("at restart %d", n+1)
				}
			}
		})
	}
	restarts("while the client lives")
	echoes(t, h.Peer)
	if err := unix.Shutdown(h.Peer, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	awaitState(t, port, remote, "CLOSE_WAIT")
	restarts("while it is in CLOSE_WAIT")
	client.stop(t, unix.SIGKILL)
	if err := h.ClosePeer(); err != nil {
		t.Fatal(err)
	}
	awaitState(t, port, remote, "")
	restarts("when it is gone")

	// Another client, which closes first; on another port, because a service that closed before its visitor has left TIME_WAIT
	// there, and connect() picks no such port.
	port = l.port()
	h = l.rig.Hold(t, port, pooled(loopback4))
	remote = portOf(t, h.Peer)
	client = l.take(t, h)
	l.serves(t, port, "--share").stop(t, unix.SIGTERM)
	client.stop(t, unix.SIGKILL)
	awaitState(t, port, remote, "FIN_WAIT2")
	restarts("while it is an orphan in FIN_WAIT2")
	if err := h.ClosePeer(); err != nil {
		t.Fatal(err)
	}
	awaitState(t, port, remote, "TIME_WAIT")
	restarts("while it is in TIME_WAIT")
}

// awaitState waits until the client on the port is in this state; "": gone. The service's own connections have other remote
// ports.
func awaitState(t *testing.T, port, remote uint16, want string) {
	t.Helper()
	diag, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer diag.Close()
	eventually(t, 5*time.Second, "the client is in state "+want, func() bool {
		sockets, err := diag.Dump(t.Context(), sockdiag.Query{
			Protocol: unix.IPPROTO_TCP, States: sockdiag.AllStates, Ports: []sockdiag.PortRange{{First: port, Last: port}},
		})
		if err != nil {
			t.Fatal(err)
		}
		state := ""
		for _, s := range sockets {
			if s.Remote.Port() == remote {
				state = s.State.String()
			}
		}
		return state == want
	})
}

// portOf is the port that a socket is bound to.
func portOf(t *testing.T, fd int) uint16 {
	t.Helper()
	at, err := pidfd.LocalAddr(fd)
	if err != nil {
		t.Fatal(err)
	}
	return at.Port()
}
