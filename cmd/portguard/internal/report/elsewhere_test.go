package report

import (
	"testing"

	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag/nat"
)

// Another network namespace has a firewall, too, which may send clients elsewhere.
func TestTheFirewallOfTheNamespaceThatWasAskedIsRead(t *testing.T) {
	rules := &nat.Rules{}
	out := Output{Facts: func() Facts { return Facts{Firewall: func() *nat.Rules { return rules }} }}
	out.In(flags.Netns{Netns: "blue"})
	if f := out.Facts(); f.firewall() != rules || f.netns.Netns != "blue" {
		t.Errorf("%+v", f)
	}
}
