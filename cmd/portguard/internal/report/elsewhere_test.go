package report

import (
	"testing"

	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag/nat"
)

// What is advised about another network namespace acts in that one, whoever is to type it.
func TestAdviceIsForTheNamespaceThatWasAsked(t *testing.T) {
	f := Facts{netns: flags.Netns{Netns: "blue"}}
	path := f.netns.Path()
	for _, tt := range []struct{ here, there string }{
		{"portguard --share -p 1 -- COMMAND", "nsenter --net=" + path + " portguard --share -p 1 -- COMMAND"},
		{"sudo portguard --share -p 1", "sudo nsenter --net=" + path + " portguard --share -p 1"},
		{"portguard reserve 1,2", "portguard reserve --netns blue 1,2"},
		{"portguard reserve --force 1,2", "portguard reserve --netns blue --force 1,2"},
		{"sudo portguard reserve 1", "sudo portguard reserve --netns blue 1"},
		{"systemctl stop a.socket", "systemctl stop a.socket"},
	} {
		if got := f.there([]advice{{Command: tt.here}})[0].Command; got != tt.there {
			t.Errorf("%s: %q, want %q", tt.here, got, tt.there)
		}
	}
}

// Another network namespace has a firewall, too, which may send clients elsewhere.
func TestTheFirewallOfTheNamespaceThatWasAskedIsRead(t *testing.T) {
	rules := &nat.Rules{}
	out := Output{Facts: func() Facts { return Facts{Firewall: func() *nat.Rules { return rules }} }}
	out.In(flags.Netns{Netns: "blue"})
	if f := out.Facts(); f.firewall() != rules || f.netns.Netns != "blue" {
		t.Errorf("%+v", f)
	}
}
