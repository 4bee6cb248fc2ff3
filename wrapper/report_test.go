package wrapper

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// Over a wait, holders come and go; those that an action tells of stay, and the action keeps pointing to them.
func TestOutcomeForgetsWhoCameAndWent(t *testing.T) {
	holder := func(cookie uint64) netdiag.Holder {
		return netdiag.Holder{Socket: sockdiag.Socket{Cookie: cookie}}
	}
	var o Outcome
	o.Holders = []netdiag.Holder{holder(1), holder(2)}
	o.learn()
	o.Actions = []Action{{Share, 1, NotPossible, "it listens"}, {Wait, -1, Would, "wait"}, {Close, 1, NotPossible, "it listens"}}
	for cookie := range uint64(100) {
		o.Holders = []netdiag.Holder{holder(2), holder(1000 + cookie), holder(2000 + cookie)}
		o.forget()
		o.learn()
	}
	var cookies []uint64
	for _, h := range o.Known {
		cookies = append(cookies, h.Socket.Cookie)
	}
	if diff := cmp.Diff([]uint64{2, 1099, 2099}, cookies); diff != "" {
		t.Errorf("known (-want +got)\n%s", diff)
	}
	for _, a := range o.Actions {
		if a.Holder > 0 {
			t.Errorf("%+v points to cookie %d, want 2", a, o.Known[a.Holder].Socket.Cookie)
		}
	}
}
