package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/audit"
	"portguard/netdiag/portrange"
)

// audits runs audit and reads its document.
func (r sysctlRig) audits(t *testing.T, want int, args ...string) audit.JSON {
	t.Helper()
	out := r.runs(t, want, append([]string{"audit", "--json", "--sample", "200ms"}, args...)...)
	var doc audit.JSON
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Version != 1 {
		t.Fatalf("version %d, %v\n%s", doc.Version, err, out)
	}
	return doc
}

// row is a port of the document; it has to be there once.
func rowOf(t *testing.T, doc audit.JSON, name string) audit.JSONPort {
	t.Helper()
	var found []audit.JSONPort
	for _, p := range doc.Ports {
		if fmt.Sprintf("%d/%s", p.Port, p.Protocol) == name {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s is there %d times", name, len(found))
	}
	return found[0]
}

// listens has a service on each of the ports, until it is stopped.
func listens(t *testing.T, ports portrange.Set) (stop func()) {
	t.Helper()
	var all []net.Listener
	stop = func() {
		for _, l := range all {
			_ = l.Close() // it may be closed
		}
	}
	t.Cleanup(stop)
	for _, r := range ports {
		for port := int(r.Low); port <= int(r.High); port++ {
			l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, l)
		}
	}
	return stop
}

// dialer makes outgoing connections to several destinations in turn.
type dialer struct {
	t         *testing.T
	listeners []int
	n         int
}

func newDialer(t *testing.T, destinations int) *dialer {
	t.Helper()
	d := &dialer{t: t}
	for i := range destinations {
		fd := d.socket()
		t.Cleanup(func() { unix.Close(fd) })
		d.check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
		d.check(unix.Bind(fd, loopbackAt(600+i)))
		d.check(unix.Listen(fd, 64))
		d.listeners = append(d.listeners, fd)
	}
	return d
}

func loopbackAt(port int) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: port, Addr: loopback4.As4()}
}

func (d *dialer) socket() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	d.check(err)
	return fd
}

func (d *dialer) check(err error) {
	if err != nil {
		d.t.Helper()
		d.t.Fatal(err)
	}
}

// dial connects, and returns the port that the kernel has picked, and what ends the connection without a trace.
func (d *dialer) dial() (port uint16, end func()) {
	d.t.Helper()
	i := d.n % len(d.listeners)
	d.n++
	fd := d.socket()
	for {
		err := unix.Connect(fd, loopbackAt(600+i))
		if !errors.Is(err, unix.EINTR) {
			d.check(err)
			break
		}
	}
	peer, _, err := unix.Accept(d.listeners[i])
	d.check(err)
	local, err := unix.Getsockname(fd)
	d.check(err)
	return uint16(local.(*unix.SockaddrInet4).Port), func() {
		d.check(unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
		unix.Close(fd)
		unix.Close(peer)
	}
}

// takes makes so many connections, or as many as it takes until one has one of the ports, and returns how many had.
func (d *dialer) takes(ports portrange.Set, most int, untilFirst bool) (connections, taken int) {
	d.t.Helper()
	for connections < most && !(untilFirst && taken > 0) {
		port, end := d.dial()
		end()
		connections++
		if ports.Contains(port) {
			taken++
		}
	}
	return connections, taken
}
