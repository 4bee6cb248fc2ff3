package e2e

import (
	"testing"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// TestCloseEveryKind: with --close the service has the port, whatever connection, or rest of one, was in the way.
func TestCloseEveryKind(t *testing.T) {
	l := newLadder(t)
	kept := func(state holders.State, origin holders.Origin) func(*testing.T, uint16) *holders.Holder {
		return func(t *testing.T, port uint16) *holders.Holder {
			h := l.rig.Hold(t, port, tcpSpec(loopback4, state, origin))
			l.take(t, h)
			return h
		}
	}
	ownerless := func(state holders.State) func(*testing.T, uint16) *holders.Holder {
		return func(t *testing.T, port uint16) *holders.Holder {
			h := l.rig.Hold(t, port, tcpSpec(loopback4, state, holders.Picked))
			l.needsClearing(t, port, state, "--close")
			return h
		}
	}
	for _, c := range []struct {
		name  string
		hold  func(t *testing.T, port uint16) *holders.Holder
		reset bool // the other end sees the connection break
	}{
		{"ESTABLISHED", kept(holders.Established, holders.Picked), true},
		{"SYN_SENT", kept(holders.SynSent, holders.Picked), false},
		{"CLOSE_WAIT", kept(holders.CloseWait, holders.Picked), false},
		{"FIN_WAIT2", kept(holders.FinWait2, holders.Picked), false},
		{"FIN_WAIT2 without a process", ownerless(holders.FinWait2Orphan), false},
		{"TIME_WAIT", ownerless(holders.TimeWait), false},
		{"an orphan in FIN_WAIT1", ownerless(holders.FinWait1Orphan), false},
		{"an orphan in LAST_ACK", ownerless(holders.LastAckOrphan), false},
		{"a client that bound to the port", kept(holders.Established, holders.Named), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := l.port()
			h := c.hold(t, port)
			l.dies(t, port)
			l.serves(t, port, "--close")
			if c.reset && !isReset(h.Peer) {
				t.Error("the connection was not cut")
			}
		})
	}
	t.Run("MPTCP", func(t *testing.T) {
		port := l.port()
		client, _ := mptcpClient(t, port)
		l.keep(t, nil, []int{client})
		l.serves(t, port, "--close")
	})
	t.Run("UDP", func(t *testing.T) {
		port := l.port()
		l.take(t, l.rig.Hold(t, port, holders.Spec{
			Options: holders.Options{Protocol: unix.IPPROTO_UDP, Addr: loopback4},
			State:   holders.Established, Origin: holders.Picked,
		}))
		endpoint := number(port) + "/udp"
		if status, e := l.report(t, nil, "-p", endpoint); status != cli.ExitUnavailable {
			t.Fatalf("status %d, verdict %s before", status, e.Verdict)
		}
		if status, e := l.report(t, nil, "--close", "-p", endpoint); status != cli.ExitOK || e.Verdict != "freed" {
			t.Errorf("status %d, verdict %s\n%s", status, e.Verdict, actionsOf(e))
		}
	})
}

// TestCloseExactly: nothing is cut but what stands in the way.
func TestCloseExactly(t *testing.T) {
	l := newLadder(t)
	nstest.Addr(t, ownAddr.String()+"/32")
	port, other := l.port(), l.port()
	inTheWay := l.rig.Hold(t, port, pooled(loopback4))
	otherAddress := l.rig.Hold(t, port, pooled(ownAddr))
	otherPort := l.rig.Hold(t, other, pooled(loopback4))
	fds := []int{inTheWay.FD, otherAddress.FD, otherPort.FD}
	inTheWay.FD, otherAddress.FD, otherPort.FD = -1, -1, -1
	l.keep(t, nil, fds)

	status, e := l.report(t, nil, "--close", "-p", "127.0.0.1:"+number(port))
	if status != cli.ExitOK || e.Verdict != "freed" || len(e.Actions) != 1 {
		t.Errorf("status %d, verdict %s\n%s", status, e.Verdict, actionsOf(e))
	}
	if !isReset(inTheWay.Peer) {
		t.Error("the connection in the way was not cut")
	}
	echoes(t, otherAddress.Peer)
	echoes(t, otherPort.Peer)
}

// TestCloseListener: another service is only touched when that is said as well.
func TestCloseListener(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	l.take(t, l.rig.Hold(t, port, tcpSpec(loopback4, holders.Listen, holders.Named)))
	status, e := l.report(t, nil, "--close", "-p", number(port))
	if status != cli.ExitUnavailable || e.Verdict != "taken" {
		t.Errorf("status %d, verdict %s\n%s", status, e.Verdict, actionsOf(e))
	}
	l.serves(t, port, "--close", "--kill-listeners")
}

// TestCloseForServiceWithoutReuse: nothing that portguard does meanwhile is in the way of a service that binds without
// SO_REUSEADDR.
func TestCloseForServiceWithoutReuse(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	l.take(t, l.rig.Hold(t, port, pooled(loopback4)))
	service := launch(t, l.portguard, "--close", "--no-reuseaddr", "-p", "0.0.0.0:"+number(port), "--",
		l.service, "-reuse=false", "-network=tcp4", number(port))
	service.expect(t, "up")
}
