package wrapper

import (
	"context"
	"strings"
	"testing"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/holders"
)

// A kill that a signal ends says no more than it knows: whoever ignores SIGTERM still has the port.
func TestKillThatIsInterrupted(t *testing.T) {
	const port = 22265
	victims(t, holders.New(t).Hold(t, port, pooled), nil, ignores)
	g := hasty(New(Policy{Kill: true, Grace: time.Minute}, nil))
	defer g.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	r, err := g.Run(ctx, []netdiag.Endpoint{tcp(port)})
	defer r.Release()
	if err == nil || len(r.Outcomes[0].Actions) != 1 {
		t.Fatalf("%v, %+v", err, r.Outcomes[0].Actions)
	}
	if got := r.Outcomes[0].Actions[0].Detail; !strings.HasSuffix(got, "; what comes of it was not waited for") {
		t.Error(got)
	}
}
