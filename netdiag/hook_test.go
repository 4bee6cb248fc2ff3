package netdiag_test

import (
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// A client whose port was asked for: by its program or, where its cgroup has one for connect(), perhaps by a BPF program.
func TestExplainKnowsWhereABPFProgramMayHaveNamedThePort(t *testing.T) {
	l := newLab(t)
	look := func(t *testing.T, want bool) {
		t.Helper()
		f, err := tryAndExplain(service("*", l.port))
		if err != nil || len(f.Holders) != 1 || f.Holders[0].Kind != netdiag.BoundClient {
			t.Fatalf("%q, %v", lines(f), err)
		}
		if got := f.Holders[0].Hooked; got != want {
			t.Errorf("hooked: %v, want %v", got, want)
		}
	}
	named := spec(holders.Established, holders.Named, "10.99.0.1")
	l.hold(t, named)
	look(t, false)
	nstest.HookConnect(t, func() {
		l.hold(t, named)
		look(t, true)
	})
}
