package holders

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// sweep takes away what outlives the holders, so that the next test, or the same one once more, has their ports as if they
// were fresh.
func (r *Rig) sweep(t testing.TB) {
	t.Helper()
	Sweep(t, func(s sockdiag.Socket) bool { return r.used[s.Local.Port()] || r.used[s.Remote.Port()] })
}

// Sweep takes away what is left of closed connections in this network namespace, TIME_WAIT records above all, which last for a minute.
// A kernel that destroys no sockets leaves them, and where others go on closing some, it ends all the same.
func Sweep(t testing.TB, wanted func(sockdiag.Socket) bool) {
	t.Helper()
	c, err := sockdiag.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		sockets, err := c.Dump(ctx, sockdiag.Query{Protocol: unix.IPPROTO_TCP})
		if err != nil {
			t.Fatal(err)
		}
		left := false
		for _, s := range sockets {
			left = s.Minisock() && wanted(s) && c.Destroy(ctx, s) == nil || left
		}
		if !left {
			return
		}
		time.Sleep(10 * time.Millisecond) // the peer of what was closed a moment ago may follow
	}
}
