package e2e

import (
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// TestCloseAsTheSameUser: a process's own user needs no capability to cut its connection.
func TestCloseAsTheSameUser(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	port := l.port()
	h := l.rig.Hold(t, port, pooled(loopback4))
	fd := h.FD
	h.FD = -1
	l.keep(t, nobodyUser, []int{fd})
	status, e := l.report(t, nobodyUser, "--close", "-p", number(port))
	if status != cli.ExitOK || e.Verdict != "freed" || !strings.Contains(actionsOf(e), "by a duplicate of its descriptor") {
		t.Errorf("status %d, verdict %s\n%s", status, e.Verdict, actionsOf(e))
	}
	if !isReset(h.Peer) {
		t.Error("the connection was not cut")
	}
}

// TestCloseOnly: --only keeps --close from everybody else.
func TestCloseOnly(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	port := l.port()
	h := l.rig.Hold(t, port, pooled(loopback4))
	fd := h.FD
	h.FD = -1
	l.keep(t, nobodyUser, []int{fd})
	for _, only := range []string{"user=root", "exe=/usr/bin/*", "unit=no-such.service"} {
		status, e := l.report(t, nil, "--close", "--only", only, "-p", number(port))
		if status != cli.ExitUnavailable || !strings.Contains(actionsOf(e), "--only") {
			t.Errorf("--only %s: status %d, verdict %s\n%s", only, status, e.Verdict, actionsOf(e))
		}
		echoes(t, h.Peer)
	}
	status, e := l.report(t, nil, "--close", "--only", "user=65534", "--only", "exe="+l.keeper, "-p", number(port))
	if status != cli.ExitOK || e.Verdict != "freed" {
		t.Errorf("status %d, verdict %s\n%s", status, e.Verdict, actionsOf(e))
	}
	if !isReset(h.Peer) {
		t.Error("the connection was not cut")
	}
}
