package e2e

import (
	"net/netip"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// scene is somebody who has a port.
type scene struct {
	ports string // what -p is to say; "" for the port
	owner *actor // whose process it is; nil for nobody's
	peer  int    // the other end of the connection, -1 without one
	goes  func() // it goes by itself
	rest  func() // so does what stands beside it
}

// situation is a scene that can be made again and again, and a run of portguard in it.
type situation struct {
	name    string
	as      *syscall.Credential // who asks
	flags   string
	service string // flags of the service that is to be started
	make    func(t *testing.T, l *ladder, port uint16) scene
	want    []string // the forms of the lines that are advised
}

// has is a holder that a process of a user has.
func has(as *syscall.Credential, spec holders.Spec) func(*testing.T, *ladder, uint16) scene {
	return func(t *testing.T, l *ladder, port uint16) scene {
		h := l.rig.Hold(t, port, spec)
		fd := h.FD
		h.FD = -1
		s := scene{owner: l.keep(t, as, []int{fd}), peer: h.Peer}
		s.goes = func() {
			if h.Peer >= 0 { // the peer closes first: then the port is free at once
				unix.Close(h.Peer)
				h.Peer = -1
			}
			s.owner.stop(t, unix.SIGKILL)
		}
		return s
	}
}

// of is a socket that a process has, with the other end of its connection, which need not hear of a reset at once.
func of(open func(t *testing.T, port uint16) (fd, peer int)) func(*testing.T, *ladder, uint16) scene {
	return func(t *testing.T, l *ladder, port uint16) scene {
		fd, peer := open(t, port)
		s := scene{owner: l.keep(t, nil, []int{fd}), peer: -1}
		s.goes = func() {
			if peer >= 0 {
				reset(t, peer)
			}
			s.owner.stop(t, unix.SIGKILL)
		}
		return s
	}
}

// reset breaks a connection off at its other end, so that nothing is left of it: of an MPTCP connection that is closed in an orderly
// way, either end may keep a TIME_WAIT record, whichever has closed first.
func reset(t *testing.T, peer int) {
	t.Helper()
	none := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	if _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(peer), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none)); errno != 0 {
		t.Fatal(errno)
	}
}

// serving is a service that listens and answers.
func serving(flags ...string) func(*testing.T, *ladder, uint16) scene {
	return func(t *testing.T, l *ladder, port uint16) scene {
		p := launch(t, append(append([]string{l.service}, flags...), number(port))...)
		p.expect(t, "up")
		return scene{owner: p, peer: -1, goes: func() { p.stop(t, unix.SIGKILL) }}
	}
}

// remains are what is left of a connection.
func remains(t *testing.T, l *ladder, port uint16) scene {
	l.rig.Hold(t, port, tcpSpec(loopback4, holders.TimeWait, holders.Picked))
	return scene{peer: -1, goes: func() { launch(t, l.portguard, "-q", "--share", "-p", number(port)).end(t) }}
}

// beside puts what is on the next port beside what is on this one; owner and peer are of this one.
func beside(this, next func(*testing.T, *ladder, uint16) scene) func(*testing.T, *ladder, uint16) scene {
	return func(t *testing.T, l *ladder, port uint16) scene {
		a, other := this(t, l, port), l.port()
		b := next(t, l, other)
		if b.ports == "" {
			b.ports = number(other)
		}
		return scene{ports: number(port) + "," + b.ports, owner: a.owner, peer: a.peer, goes: func() { a.goes(); b.goes() }, rest: b.goes}
	}
}

// leftTo is a listener of two processes, neither of which has opened it.
func leftTo(t *testing.T, l *ladder, port uint16) scene {
	h := l.rig.Hold(t, port, listening())
	again, err := unix.FcntlInt(uintptr(h.FD), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	first, second := l.keep(t, nil, []int{h.FD}), l.keep(t, nil, []int{again})
	h.FD = -1
	return scene{owner: first, peer: -1, goes: func() { first.stop(t, unix.SIGKILL); second.stop(t, unix.SIGKILL) }}
}

// away is an address that this host does not have.
func away(t *testing.T, _ *ladder, port uint16) scene {
	return scene{ports: "10.98.7.1:" + number(port), peer: -1, goes: func() { nstest.Addr(t, "10.98.7.1/32") }}
}

// ours is a socket of the test itself, which portguard runs in, as sshd has it for a session.
func ours(spec holders.Spec) func(*testing.T, *ladder, uint16) scene {
	return func(t *testing.T, l *ladder, port uint16) scene {
		h := l.rig.Hold(t, port, spec)
		return scene{peer: -1, goes: func() {
			if h.Peer >= 0 {
				unix.Close(h.Peer)
			}
			unix.Close(h.FD)
			h.Peer, h.FD = -1, -1
		}}
	}
}

func listening() holders.Spec {
	spec := tcpSpec(netip.IPv6Unspecified(), holders.Listen, holders.Named)
	spec.ReuseAddr = true
	return spec
}

// situations are those in which each form of advice is given.
func situations() []situation {
	const (
		share, wait, cut         = "portguard --share -p X -- COMMAND", "portguard --wait D -p X -- COMMAND", "portguard --close -p X -- COMMAND"
		kill, killListeners      = "portguard --kill -p X -- COMMAND", "portguard --kill --kill-listeners -p X -- COMMAND"
		reserve, sudoReserve     = "portguard reserve X", "sudo portguard reserve X"
		sudoShare, sudoCut, look = "sudo portguard --share -p X", "sudo portguard --close -p X", "sudo portguard -p X"
	)
	bound := tcpSpec(loopback4, holders.Bound, holders.Named)
	accepted := tcpSpec(loopback4, holders.Established, holders.AcceptedWildcard)
	asked := tcpSpec(loopback4, holders.Established, holders.Named)
	return []situation{
		{"a connection", nil, "", "", has(nil, pooled(loopback4)), []string{share, wait, cut, reserve}},
		{"one of root's", nobodyUser, "", "", has(nil, pooled(loopback4)), []string{sudoShare, wait, look, sudoReserve}},
		{"one of this user's", nobodyUser, "", "", has(nobodyUser, pooled(loopback4)), []string{share, wait, cut, sudoReserve}},
		{"for a service without SO_REUSEADDR", nil, "--no-reuseaddr", "-reuse=false", has(nil, pooled(loopback4)), []string{wait, cut, reserve}},
		{"MPTCP, after --restart-unit was refused", nil, "--restart-unit --only user=0", "", of(mptcpClient), []string{wait, cut, reserve}},
		{"MPTCP that asked for its port", nil, "", "", of(mptcpClientOn), []string{wait, kill}},
		{"one that asked for its port", nil, "", "", has(nil, asked), []string{share, wait, cut}},
		{"a connection to itself", nil, "", "", of(func(t *testing.T, port uint16) (int, int) { return selfConnected(t, port), -1 }), []string{cut, reserve}},
		{"the server's end", nil, "", "", has(nil, accepted), []string{share, wait, cut}},
		{"idle", nil, "", "", has(nil, bound), []string{share, wait, kill}},
		{"TIME_WAIT", nil, "", "", remains, []string{share, wait, cut}},
		{"TIME_WAIT, and not root", nobodyUser, "", "", remains, []string{sudoShare, wait, sudoCut}},
		{"another service", nil, "", "", serving(), []string{wait, killListeners}},
		{"a listener that was left to strangers", nil, "", "", leftTo, []string{wait, "portguard --close --kill-listeners -p X -- COMMAND", killListeners}},
		{"another service, after --kill", nil, "--kill --signal INT", "", serving(), []string{wait, killListeners}},
		{"another service of root's", nobodyUser, "", "", has(nil, listening()), []string{wait, look}},
		{"a service that a placeholder would cost a socket", nil, "", "-reuse=false", serving("-reuse=false"),
			[]string{wait, killListeners, "portguard --hold none --reserve -p X -- COMMAND"}},
		{"one's own session", nil, "", "", ours(listening()), nil},
		{"a service, and a connection", nil, "", "", beside(serving(), has(nil, pooled(loopback4))), []string{wait, killListeners, reserve}},
		{"a service, and a connection of one's own session", nil, "", "", beside(serving(), ours(pooled(loopback4))),
			[]string{wait, "portguard --share --kill --kill-listeners -p X -- COMMAND", reserve}},
		{"MPTCP, and a connection of one's own session", nil, "", "", beside(of(mptcpClient), ours(pooled(loopback4))),
			[]string{wait, "portguard --share --close -p X -- COMMAND", reserve}},
		{"a connection, and an address", nil, "", "", beside(has(nil, pooled(loopback4)), away),
			[]string{"portguard --share --wait D -p X -- COMMAND", wait, reserve}},
		{"an address", nil, "", "-addr 10.98.7.1 -freebind", away, []string{wait, "portguard --freebind -p X -- COMMAND"}},
	}
}
