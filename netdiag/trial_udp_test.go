package netdiag_test

import (
	"errors"
	"os"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
)

// A second UDP socket with SO_REUSEADDR would receive what is meant for the first, with SO_REUSEPORT a share of it.
func TestTryTakesNoDatagramFromALiveUDPServer(t *testing.T) {
	l := newLab(t)
	for _, option := range []string{"reuseaddr", "reuseport"} {
		server := l.hold(t, spec(holders.Bound, holders.Named, "udp 10.99.0.1 "+option))[0]
		if err := unix.SetsockoptTimeval(server.FD, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
			t.Fatal(err)
		}
		tried, stop := tryOverAndOver(service("udp 10.99.0.1 "+option, l.port))
		const datagrams = 2000
		for i := 0; i < datagrams || tried.Load() == 0; i++ { // a busy machine may run none among the first 2000
			if err := echo(server.FD, l.port); err != nil {
				t.Errorf("%s: datagram %d: %v", option, i, err)
				break
			}
		}
		stop()
	}
}

// tryOverAndOver runs trials until it is stopped, and counts them.
func tryOverAndOver(e netdiag.Endpoint) (tried *atomic.Int64, stop func()) {
	tried = new(atomic.Int64)
	var end atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !end.Load() {
			trial := netdiag.Try(e)
			trial.Close()
			tried.Add(1)
		}
	}()
	return tried, func() { end.Store(true); <-ended }
}

// echo sends a datagram to the port and takes it from the server, from a new port every time: SO_REUSEPORT chooses the
// receiver by it.
func echo(server int, port uint16) error {
	sender, err := options("udp 10.99.0.1").Socket()
	if err != nil {
		return err
	}
	defer unix.Close(sender)
	to := &unix.SockaddrInet4{Addr: [4]byte{10, 99, 0, 1}, Port: int(port)}
	if err := unix.Sendto(sender, []byte("x"), 0, to); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	_, _, err = unix.Recvfrom(server, make([]byte, 1), 0)
	for errors.Is(err, unix.EINTR) {
		_, _, err = unix.Recvfrom(server, make([]byte, 1), 0)
	}
	return os.NewSyscallError("recvfrom", err)
}

func TestTryLeavesNoUDPSocketOpen(t *testing.T) {
	l := newLab(t)
	l.port++
	trial := netdiag.Try(service("udp *", l.port))
	if trial.Verdict != netdiag.Free || trial.FD != -1 {
		t.Fatalf("%s (%v), fd %d", trial.Verdict, trial.Errno, trial.FD)
	}
	l.rig.Hold(t, l.port, spec(holders.Bound, holders.Named, "udp ::"))
}
