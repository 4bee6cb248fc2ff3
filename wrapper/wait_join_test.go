package wrapper

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// The kernel gives a port that a client has to other clients as well, as long as each connects to somewhere else. On a host
// that connects all the time a port would never be free.
func TestWaitLetsNobodyJoin(t *testing.T) {
	const port = 23600
	rig := holders.New(t)
	closed := pooled
	closed.State = holders.CloseWait // nothing remains of it
	h := rig.Hold(t, port, closed)
	server, err := net.Listen("tcp4", "127.0.0.9:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	nstest.SetRange(t, port, port)

	if joined, err := dialAndReset(server.Addr().String()); err != nil || joined != port {
		t.Fatalf("before the wait a client is given %d, %v; want %d", joined, err, port)
	}
	w := wait(t, t.Context(), patient, tcp(port))
	if joined, err := dialAndReset(server.Addr().String()); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("during the wait a client is given %d, %v; want %v", joined, err, unix.EADDRNOTAVAIL)
	}
	if err := h.CloseFD(); err != nil {
		t.Fatal(err)
	}
	w.checkFreed(t, 10*time.Second)
	if joined, err := dialAndReset(server.Addr().String()); err != nil || joined != port {
		t.Errorf("after the wait a client is given %d, %v; want %d", joined, err, port)
	}
}

// dialAndReset makes a connection of which nothing remains, and returns its port.
func dialAndReset(to string) (port int, err error) {
	c, err := net.Dial("tcp4", to)
	if err != nil {
		return 0, err
	}
	_, text, err1 := net.SplitHostPort(c.LocalAddr().String())
	port, err2 := strconv.Atoi(text)
	return port, errors.Join(err1, err2, c.(*net.TCPConn).SetLinger(0), c.Close())
}
