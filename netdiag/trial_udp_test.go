package netdiag_test

import (
	"errors"
	"os"
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
		stop := tryOverAndOver(service("udp 10.99.0.1 "+option, l.port))
		const datagrams = 2000
		for i := range datagrams {
			if err := echo(server.FD, l.port); err != nil {
				t.Errorf("%s: datagram %d: %v", option, i, err)
				break
			}
		}
		if tries := stop(); tries == 0 {
			t.Errorf("%s: no trial ran meanwhile", option)
		}
	}
}

// tryOverAndOver runs trials until it is stopped, and tells how many those were.
func tryOverAndOver(e netdiag.Endpoint) (stop func() int) {
	end, tried := make(chan struct{}), make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-end:
				tried <- n
				return
			default:
				trial := netdiag.Try(e)
				trial.Close()
			}
		}
	}()
	return func() int { close(end); return <-tried }
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
