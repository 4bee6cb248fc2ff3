package decide

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/sockdiag"
)

// A way leads to all ports or is none. Who may not go it himself, and could as root, is told so.
func TestWays(t *testing.T) {
	holder := func(k netdiag.Kind, pid int) netdiag.Holder {
		return netdiag.Holder{Kind: k, Certain: true, Socket: sockdiag.Socket{Protocol: unix.IPPROTO_TCP, State: sockdiag.Established, Inode: uint32(pid)}, Owners: []owner.Process{{PID: pid}}}
	}
	client, bound, listener, record := holder(netdiag.Client, 400), holder(netdiag.Bound, 401), holder(netdiag.Listener, 402), netdiag.Holder{Kind: netdiag.Remains, Absence: netdiag.Ownerless}
	ours := holder(netdiag.Client, 1)
	mptcp := holder(netdiag.Client, 403)
	mptcp.Socket.ULP = "mptcp"
	hidden := netdiag.Holder{Kind: netdiag.Client, Absence: netdiag.NotPermitted}
	hiddenListener := netdiag.Holder{Kind: netdiag.Listener, Absence: netdiag.NotPermitted}
	no := func(r Rung, h netdiag.Holder) Powers {
		return Powers{powerOf(r, &h): {Result: NotPermitted}}
	}
	taken := func(some ...netdiag.Holder) []*netdiag.Finding {
		return []*netdiag.Finding{{Endpoint: tcp(30010), Trial: netdiag.Trial{Verdict: netdiag.Taken}, Holders: some}}
	}
	for _, tt := range []struct {
		name   string
		wanted []*netdiag.Finding
		judge  Judge
		want   string
	}{
		{"a connection", taken(client), Judge{}, "share, close"},
		{"idle", taken(bound), Judge{}, "share, kill"},
		{"a listener", taken(listener), Judge{}, "close+listeners, kill+listeners"},
		{"a record", taken(record), Judge{}, "share, close"},
		{"MPTCP", taken(mptcp), Judge{}, "close"},
		{"a connection of pid 1", taken(ours), Judge{Protected: map[int]string{1: "init"}}, "share"},
		{"MPTCP, and a connection of pid 1", taken(mptcp, ours), Judge{Protected: map[int]string{1: "init"}}, "share+close"},
		{"a listener, and a connection of pid 1", taken(listener, ours), Judge{Protected: map[int]string{1: "init"}}, "share+kill+listeners"},
		{"a listener of pid 1", taken(holder(netdiag.Listener, 1)), Judge{Protected: map[int]string{1: "init"}}, ""},
		{"several ports", append(taken(client), taken(listener)...), Judge{}, "close+listeners, kill+listeners"},
		{"one that nobody shows on", append(taken(client), taken()...), Judge{}, ""},
		{"one that is forbidden", append(taken(client), &netdiag.Finding{Trial: netdiag.Trial{Verdict: netdiag.Forbidden}}), Judge{}, ""},
		{"one whose address is not there", append(taken(client), &netdiag.Finding{Trial: netdiag.Trial{Verdict: netdiag.NoAddress}}), Judge{}, "share, close"},
		{"what was allowed", taken(client), Judge{Policy: Policy{Share: true, Close: true}}, ""},
		{"what was allowed, but for listeners", taken(listener), Judge{Policy: Policy{Kill: true}}, "close+listeners, kill+listeners"},
		{"what the user may not", taken(client), Judge{Powers: no(Close, client)}, "share"},
		{"what root may", taken(client), Judge{Powers: no(Close, client), MayRise: true}, "share, sudo close"},
		{"what root may, of what was allowed", taken(client), Judge{Powers: no(Close, client), MayRise: true, Policy: Policy{Share: true, Close: true}}, "sudo close"},
		{"an owner who does not show", taken(hidden), Judge{MayRise: true}, "sudo share"},
		{"nor to root", taken(hidden), Judge{}, ""},
		{"a listener's owner who does not show", taken(hiddenListener), Judge{MayRise: true}, ""},
		{"ancestors that do not show", taken(client), Judge{Blind: fmt.Errorf("hidepid"), MayRise: true}, "sudo share"},
		{"ancestors that do not show, of a listener", taken(listener), Judge{Blind: fmt.Errorf("hidepid"), MayRise: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, w := range tt.judge.Ways(tt.wanted) {
				var words []string
				for _, r := range w.Rungs {
					words = append(words, r.String())
				}
				if w.Listeners {
					words = append(words, "listeners")
				}
				text := strings.Join(words, "+")
				if w.Root {
					text = "sudo " + text
				}
				got = append(got, text)
			}
			if text := strings.Join(got, ", "); text != tt.want {
				t.Errorf("%q, want %q", text, tt.want)
			}
		})
	}
}
