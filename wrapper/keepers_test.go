package wrapper

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

// Who has a socket that is gone is no question: on a host with 100,000 sockets it took seconds after each kill. A search that must not
// take any time shows whether there is one.
func TestWhatIsGoneIsNotLookedFor(t *testing.T) {
	const port = 22262
	h := holders.New(t).Hold(t, port, pooled)
	victim := victims(t, h, nil, obeys)[0]
	g := hasty(New(decide.Policy{Kill: true, Grace: time.Second}, nil))
	defer g.Close()
	r := g.Try([]netdiag.Endpoint{tcp(port)})
	defer r.Release()
	all := g.victims(t.Context(), g.targets(t.Context(), decide.Kill, r))
	if len(all) != 1 {
		t.Fatalf("%d victims", len(all))
	}
	defer all[0].close()
	none, cancel := context.WithCancel(t.Context())
	cancel()
	if keepers := g.keepersNow(none, all); keepers != nil {
		t.Errorf("without time it finds %v", keepers)
	}
	if err := victim.cmd.Process.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	victim.endedBy(t)
	if keepers := g.keepersNow(none, all); keepers == nil || len(keepers) > 0 {
		t.Errorf("what is gone is looked for: %v", keepers)
	}
}
