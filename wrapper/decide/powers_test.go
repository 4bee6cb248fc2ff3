package decide

import (
	"testing"

	"portguard/netdiag"
	"portguard/netdiag/owner"
)

// Sockets share an answer where nothing tells them apart that it hangs on.
func TestPowerOf(t *testing.T) {
	of := func(k netdiag.Kind, pids ...int) *netdiag.Holder {
		h := &netdiag.Holder{Kind: k}
		for _, pid := range pids {
			h.Owners = append(h.Owners, owner.Process{PID: pid})
		}
		return h
	}
	for _, tt := range []struct {
		name string
		a, b power
		same bool
	}{
		{"two connections of a process", powerOf(Close, of(netdiag.Client, 7)), powerOf(Close, of(netdiag.Client, 7)), true},
		{"another rung", powerOf(Close, of(netdiag.Client, 7)), powerOf(Kill, of(netdiag.Client, 7)), false},
		{"another kind", powerOf(Close, of(netdiag.Client, 7)), powerOf(Close, of(netdiag.Listener, 7)), false},
		{"another process", powerOf(Close, of(netdiag.Client, 7)), powerOf(Close, of(netdiag.Client, 8)), false},
		{"another second process", powerOf(Close, of(netdiag.Client, 7, 8)), powerOf(Close, of(netdiag.Client, 7, 9)), false},
		{"digits that run together", powerOf(Close, of(netdiag.Client, 1, 23)), powerOf(Close, of(netdiag.Client, 12, 3)), false},
		{"records, which are nobody's", powerOf(Close, of(netdiag.Remains)), powerOf(Close, of(netdiag.Remains)), true},
	} {
		if same := tt.a == tt.b; same != tt.same {
			t.Errorf("%s: %+v and %+v: same %v, want %v", tt.name, tt.a, tt.b, same, tt.same)
		}
	}
}
