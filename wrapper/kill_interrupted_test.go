package wrapper

import (
	"context"
	"strings"
	"testing"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// A kill that a signal ends says no more than it knows: whoever ignores SIGTERM still has the port.
func TestKillThatIsInterrupted(t *testing.T) {
	const port = 22265
	victim := victims(t, holders.New(t).Hold(t, port, pooled), nil, ignores)[0]
	g := hasty(New(decide.Policy{Kill: true, Grace: time.Minute}, nil))
	defer g.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-victim.lines // its SIGTERM
		cancel()
	}()
	r, err := g.Run(ctx, []netdiag.Endpoint{tcp(port)})
	defer r.Release()
	if err == nil || len(r.Outcomes[0].Actions) != 1 {
		t.Fatalf("%v, %+v", err, r.Outcomes[0].Actions)
	}
	if got := r.Outcomes[0].Actions[0].Detail; !strings.HasSuffix(got, "; what comes of it was not waited for") {
		t.Error(got)
	}
}

// Nor does one that was ended before there was a signal say that the process has let go.
func TestKillThatIsInterruptedBeforeTheSignal(t *testing.T) {
	const port = 22266
	victims(t, holders.New(t).Hold(t, port, pooled), nil, ignores)
	g := hasty(New(decide.Policy{Kill: true, Grace: time.Minute}, nil))
	defer g.Close()
	r := g.Try([]netdiag.Endpoint{tcp(port)})
	defer r.Release()
	targets := g.targets(t.Context(), decide.Kill, r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if g.killOwners(ctx, r.Judge, targets) {
		t.Error("somebody was ended")
	}
	all := r.Outcomes[0].Actions
	if len(all) != 1 || all[0].Result != decide.Failed || !strings.HasSuffix(all[0].Detail, " was not signalled") {
		t.Errorf("%+v", all)
	}
}
