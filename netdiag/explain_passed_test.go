package netdiag_test

import (
	"testing"
	"time"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/sockdiag"
)

// A listening socket that a program has opened, that it shares with what it has started, and that it has left to them.
func TestExplainTellsWhoHasInheritedAListener(t *testing.T) {
	l := newLab(t)
	for _, tt := range []struct {
		name     string
		children int
		closes   bool
		owners   int
		want     netdiag.Passed
		served   sockdiag.Tristate // asked only where the opener is gone
	}{
		{"opened", 0, false, 1, netdiag.NotPassed, sockdiag.Unknown},
		{"shared with two children", 2, false, 3, netdiag.NotPassed, sockdiag.Unknown},
		{"left to a child", 1, true, 1, netdiag.MayBePassed, sockdiag.No},
		{"left to two children", 2, true, 2, netdiag.LeftToThem, sockdiag.No},
	} {
		t.Run(tt.name, func(t *testing.T) {
			listener := l.hold(t, spec(holders.Listen, holders.Named, "10.99.0.1"))[0]
			for range tt.children {
				shareWithChild(t, listener.FD)
			}
			if tt.closes {
				if err := listener.CloseFD(); err != nil {
					t.Fatal(err)
				}
			}
			look := func() netdiag.Holder {
				f, err := tryAndExplain(service("*", l.port))
				if err != nil || len(f.Holders) != 1 || len(f.Holders[0].Owners) != tt.owners {
					t.Fatalf("%q, %v", lines(f), err)
				}
				return f.Holders[0]
			}
			h := look()
			for end := time.Now().Add(5 * time.Second); h.Served != tt.served && time.Now().Before(end); h = look() {
				time.Sleep(5 * time.Millisecond) // the child may not have come to its read() yet
			}
			if got := h.Passed; got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
			if got := h.Served; got != tt.served {
				t.Errorf("whether a child that reads its stdin serves: %d, want %d", got, tt.served)
			}
		})
	}
}
