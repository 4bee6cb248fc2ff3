package e2e

import (
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

// TestKillByHandIsATrap: the textbook remedy leaves the port taken for a minute by what the dead process had. --kill does
// not.
func TestKillByHandIsATrap(t *testing.T) {
	l := newLadder(t)
	for _, c := range []struct {
		name  string
		leave func(t *testing.T, h *holders.Holder) // what becomes of the other end
		state string
	}{
		{"the server keeps its end open", func(*testing.T, *holders.Holder) {}, "FIN_WAIT2"},
		{"the server closes its end", func(t *testing.T, h *holders.Holder) {
			if err := h.ClosePeer(); err != nil {
				t.Error(err)
			}
		}, "TIME_WAIT"},
	} {
		for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGTERM} {
			t.Run(unix.SignalName(sig)+", "+c.name, func(t *testing.T) {
				port := l.port()
				h := l.rig.Hold(t, port, pooled(loopback4))
				remote := portOf(t, h.Peer)
				l.take(t, h).stop(t, sig)
				awaitState(t, port, remote, "FIN_WAIT2")
				c.leave(t, h)
				awaitState(t, port, remote, c.state)
				l.dies(t, port)
			})
		}
	}
	t.Run("kill", func(t *testing.T) {
		port := l.port()
		h := l.rig.Hold(t, port, pooled(loopback4))
		client := l.take(t, h)
		l.dies(t, port)
		l.serves(t, port, "--kill")
		if client.running() {
			t.Error("the process that had the port still runs")
		}
	})
	t.Run("kill clears what a kill by hand left", func(t *testing.T) {
		port := l.port()
		h := l.rig.Hold(t, port, pooled(loopback4))
		l.take(t, h).stop(t, unix.SIGKILL)
		awaitState(t, port, portOf(t, h.Peer), "FIN_WAIT2")
		l.needsClearing(t, port, holders.FinWait2Orphan, "--kill")
		l.serves(t, port, "--kill")
	})
}
