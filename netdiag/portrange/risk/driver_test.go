package risk_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
)

// load is what outgoing connections do: to so many destinations in turn, and always so many are held. When a new one comes
// another goes: any of them or, of TIME_WAIT, the oldest.
type load struct {
	routes, held int
	timeWait     bool // what is held are TIME_WAIT records, as of connections that end at once
	bind         bool // a bind() to port 0 comes before connect()
	udp          bool
}

// driver makes the load.
type driver struct {
	t         *testing.T
	load      load
	chance    *rand.Rand
	listeners []int
	next      int
	held      []held
	diag      *sockdiag.Conn

	halfClosed bool // what is left of connections is FIN_WAIT2, and not TIME_WAIT
}

type held struct {
	fd, peer int
	record   sockdiag.Socket // of TIME_WAIT
}

func newDriver(t *testing.T, l load, chance *rand.Rand) *driver {
	d := &driver{t: t, load: l, chance: chance}
	diag, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	d.diag = diag
	for i := range l.routes {
		d.listeners = append(d.listeners, d.serve(uint16(5000+i), false))
	}
	if l.timeWait {
		d.connect()
		d.end() // or finds out that it cannot
	}
	t.Cleanup(func() {
		for len(d.held) > 0 {
			d.drop()
		}
		d.diag.Close()
	})
	return d
}

func loopback(port uint16) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}}
}

// serve has a service on the port until the test ends.
func (d *driver) serve(port uint16, udp bool) int {
	d.t.Helper()
	var fd int
	for range 1000 {
		if fd = d.tryServe(port, udp); fd >= 0 {
			d.t.Cleanup(func() { unix.Close(fd) })
			return fd
		}
		d.connect()
	}
	d.t.Fatalf("%d is not to be had", port)
	return -1
}

// tryServe starts a service; -1 when its port is taken.
func (d *driver) tryServe(port uint16, udp bool) int {
	d.t.Helper()
	kind := unix.SOCK_STREAM
	if udp {
		kind = unix.SOCK_DGRAM
	}
	fd := d.socket(kind)
	if !udp {
		d.check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	}
	err := unix.Bind(fd, loopback(port))
	if err == nil && !udp {
		err = unix.Listen(fd, 64)
	}
	if errors.Is(err, unix.EADDRINUSE) {
		unix.Close(fd)
		return -1
	}
	d.check(err)
	return fd
}

// connect makes one more connection, and lets another go.
func (d *driver) connect() {
	d.t.Helper()
	switch {
	case d.load.udp:
		fd := d.socket(unix.SOCK_DGRAM)
		d.check(unix.Connect(fd, loopback(5000)))
		d.held = append(d.held, held{fd: fd, peer: -1})
	case d.load.timeWait:
		h := d.dial()
		h.record = d.record(h.fd)
		unix.Close(h.fd) // first: what is left is at this end
		if !d.halfClosed {
			unix.Close(h.peer)
			h.peer = -1
		}
		h.fd = -1
		d.held = append(d.held, h)
	default:
		d.held = append(d.held, d.dial())
	}
	for len(d.held) > d.load.held {
		d.drop()
	}
}

func (d *driver) dial() held {
	fd := d.socket(unix.SOCK_STREAM)
	if d.load.bind {
		d.check(unix.Bind(fd, loopback(0)))
	}
	i := d.next % len(d.listeners)
	d.next++
	d.check(unix.Connect(fd, loopback(uint16(5000+i))))
	peer, _, err := unix.Accept(d.listeners[i])
	d.check(err)
	return held{fd: fd, peer: peer}
}

// record is what will be left of a connection.
func (d *driver) record(fd int) sockdiag.Socket {
	local, err := unix.Getsockname(fd)
	d.check(err)
	remote, err := unix.Getpeername(fd)
	d.check(err)
	end := func(a unix.Sockaddr) netip.AddrPort {
		in := a.(*unix.SockaddrInet4)
		return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
	}
	const anyCookie = 1<<64 - 1
	return sockdiag.Socket{
		Protocol: unix.IPPROTO_TCP, Family: unix.AF_INET, State: sockdiag.TimeWait,
		Local: end(local), Remote: end(remote), Cookie: anyCookie,
	}
}

// drop lets one go, without a trace.
func (d *driver) drop() {
	if !d.load.timeWait {
		i := d.chance.IntN(len(d.held))
		d.held[0], d.held[i] = d.held[i], d.held[0]
	}
	d.end()
}

// giveBack lets the one go that has a port.
func (d *driver) giveBack(port uint16) {
	for i, h := range d.held {
		local := h.record.Local.Port()
		if h.fd >= 0 {
			a, err := unix.Getsockname(h.fd)
			d.check(err)
			local = uint16(a.(*unix.SockaddrInet4).Port)
		}
		if local == port {
			d.held[0], d.held[i] = d.held[i], d.held[0]
			d.end()
			return
		}
	}
}

// end ends the first.
func (d *driver) end() {
	h := d.held[0]
	d.held = d.held[1:]
	switch {
	case h.fd < 0 && h.peer >= 0:
		d.reset(h.peer)
	case h.fd < 0:
		d.destroy(h.record)
	case h.peer < 0:
		unix.Close(h.fd)
	default:
		d.reset(h.fd)
		unix.Close(h.peer) // after the reset of the other end nothing is left of it
	}
}

func (d *driver) reset(fd int) {
	d.check(unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	unix.Close(fd)
}

// destroy ends TIME_WAIT. A kernel that cannot do that (before Linux 6.0) has FIN_WAIT2 instead from now on: it holds a port in the same way, and a reset by the
// other end is its end.
func (d *driver) destroy(record sockdiag.Socket) {
	err := d.diag.Destroy(context.Background(), record)
	switch {
	case err == nil, errors.Is(err, sockdiag.ErrGone): // tcp_tw_reuse may have taken it
	case errors.Is(err, unix.EPERM):
		d.t.Skipf("needs CAP_NET_ADMIN to end TIME_WAIT: %v", err)
	case errors.Is(err, unix.EOPNOTSUPP):
		d.halfClosed = true
		d.t.Log("on this kernel: FIN_WAIT2 stands for TIME_WAIT, which cannot be ended")
	default:
		d.t.Fatal(err)
	}
}

func (d *driver) socket(kind int) int {
	d.t.Helper()
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
	d.check(err)
	return fd
}

func (d *driver) check(err error) {
	if err != nil {
		d.t.Helper()
		d.t.Fatal(err)
	}
}

func (d *driver) look(p *netdiag.Prober) risk.Look {
	d.t.Helper()
	s, err := p.Survey(d.t.Context())
	d.check(err)
	return s.Look(0)
}
