package holders

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// sweep takes away what outlives the holders, so that the next test, or the same one once more, has their ports as if they
// were fresh. A kernel that destroys no sockets leaves it for a minute.
func (r *Rig) sweep(t testing.TB) {
	t.Helper()
	c, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	sockets, err := c.Dump(ctx, sockdiag.Query{Protocol: unix.IPPROTO_TCP})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sockets {
		if s.Minisock() && (r.used[s.Local.Port()] || r.used[s.Remote.Port()]) {
			_ = c.Destroy(ctx, s) // it may have ended
		}
	}
}
