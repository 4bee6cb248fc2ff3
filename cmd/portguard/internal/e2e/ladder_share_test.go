package e2e

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

// TestShareEveryKind: with --share the service starts beside every kind of holder, and the holder does not notice.
func TestShareEveryKind(t *testing.T) {
	l := newLadder(t)
	// alive looks at the holder from outside, when the service runs; nil when there is nothing to see.
	type holder func(t *testing.T, port uint16) (alive func(t *testing.T))
	client := func(addr netip.Addr) holder {
		return func(t *testing.T, port uint16) func(*testing.T) {
			h := l.rig.Hold(t, port, pooled(addr))
			l.take(t, h)
			return func(t *testing.T) { echoes(t, h.Peer) }
		}
	}
	with := func(spec holders.Spec, flags ...string) holder {
		return func(t *testing.T, port uint16) func(*testing.T) {
			l.take(t, l.rig.Hold(t, port, spec), flags...)
			return nil
		}
	}
	ownerless := func(state holders.State) holder {
		return func(t *testing.T, port uint16) func(*testing.T) {
			l.rig.Hold(t, port, tcpSpec(loopback4, state, holders.Picked))
			l.needsClearing(t, port, state, "--share")
			return nil
		}
	}
	for _, c := range []struct {
		name string
		hold holder
	}{
		{"a client", client(loopback4)},
		{"a client, v4-mapped", client(mapped4)},
		{"a client, IPv6", client(loopback6)},
		{"clients to five servers", func(t *testing.T, port uint16) func(*testing.T) {
			var peers []int
			for range 5 {
				h := l.rig.Hold(t, port, pooled(loopback4))
				l.take(t, h)
				peers = append(peers, h.Peer)
			}
			return func(t *testing.T) {
				for _, p := range peers {
					echoes(t, p)
				}
			}
		}},
		{"a client that bound to the port", func(t *testing.T, port uint16) func(*testing.T) {
			h := l.rig.Hold(t, port, tcpSpec(loopback4, holders.Established, holders.Named))
			l.take(t, h)
			return func(t *testing.T) { echoes(t, h.Peer) }
		}},
		{"a client still in SYN_SENT", with(tcpSpec(loopback4, holders.SynSent, holders.Picked))},
		{"a client in CLOSE_WAIT", with(tcpSpec(loopback4, holders.CloseWait, holders.Picked))},
		{"a client in FIN_WAIT2", with(tcpSpec(loopback4, holders.FinWait2, holders.Picked))},
		{"a bound socket", with(tcpSpec(loopback4, holders.Bound, holders.Named))},
		{"what an orphan leaves in FIN_WAIT2", ownerless(holders.FinWait2Orphan)},
		{"TIME_WAIT", ownerless(holders.TimeWait)},
		{"a client in two processes", func(t *testing.T, port uint16) func(*testing.T) {
			h := l.rig.Hold(t, port, pooled(loopback4))
			second, err := unix.FcntlInt(uintptr(h.FD), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			one := l.take(t, h)
			l.keep(t, nil, []int{second})
			return func(t *testing.T) {
				echoes(t, h.Peer)
				one.stop(t, unix.SIGKILL)
				echoes(t, h.Peer)
			}
		}},
		{"a client in a thread's own descriptor table", func(t *testing.T, port uint16) func(*testing.T) {
			needsThreads(t)
			h := l.rig.Hold(t, port, pooled(loopback4))
			l.take(t, h, "-thread")
			return func(t *testing.T) { echoes(t, h.Peer) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := l.port()
			alive := c.hold(t, port)
			l.dies(t, port)
			l.serves(t, port, "--share")
			if alive != nil {
				alive(t)
			}
		})
	}
}

// needsThreads skips where the kernel gives no descriptor out of a thread's own table.
func needsThreads(t *testing.T) {
	t.Helper()
	fd, err := unix.PidfdOpen(unix.Gettid(), unix.PIDFD_THREAD)
	if err != nil {
		t.Skip("needs pidfds of threads (Linux 6.9)")
	}
	unix.Close(fd)
}
