package e2e

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
	"portguard/netdiag/sockdiag"
)

// setRange has the kernel pick ports from there until the test ends, and then clears what the test's connections have left on
// them: a TIME_WAIT record lasts for a minute, and the tests that follow name their ports.
func setRange(t *testing.T, low, high uint16) {
	t.Helper()
	t.Cleanup(func() { clearLeftovers(t) }) // the last of all: what was started since has ended
	nstest.SetRange(t, low, high)
}

// clearLeftovers removes what is left of closed connections in this namespace.
func clearLeftovers(t *testing.T) {
	t.Helper()
	c, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	for left := true; left; { // the peer of what was closed a moment ago may follow
		sockets, err := c.Dump(ctx, sockdiag.Query{Protocol: unix.IPPROTO_TCP})
		if err != nil {
			t.Fatal(err)
		}
		left = false
		for _, s := range sockets {
			left = s.Minisock() && c.Destroy(ctx, s) == nil || left
		}
		time.Sleep(10 * time.Millisecond)
	}
}
