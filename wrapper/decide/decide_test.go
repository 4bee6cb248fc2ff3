package decide

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag"
	"portguard/netdiag/owner"
)

func anything(Rung, *netdiag.Holder) bool { return true }

func tcp(port uint16) netdiag.Endpoint { return netdiag.Endpoint{Protocol: netdiag.TCP, Port: port} }

func TestDecideKill(t *testing.T) {
	const notListed = "a listening service is never touched without --kill-listeners"
	java := owner.Process{PID: 4000, User: "app", UID: 1000, Exe: "/usr/bin/java", Cgroup: "/system.slice/order.service"}
	redis := owner.Process{PID: 4001, User: "redis", UID: 999, Exe: "/usr/bin/redis-server", Cgroup: "/system.slice/redis.service"}
	init := owner.Process{PID: 1}
	shell := owner.Process{PID: 3000}
	protected := map[int]string{1: "the init process", 3000: "a process that portguard runs in"}

	owned := func(k netdiag.Kind, by ...owner.Process) netdiag.Holder { return netdiag.Holder{Kind: k, Owners: by} }
	hinted := func(a netdiag.Absence, k owner.HintKind, by owner.Process) netdiag.Holder {
		return netdiag.Holder{Kind: netdiag.Client, Absence: a, Hints: []owner.Hint{{Kind: k, Process: by}}}
	}
	absent := func(k netdiag.Kind, a netdiag.Absence) netdiag.Holder { return netdiag.Holder{Kind: k, Absence: a} }
	refused := func(why string) Decision { return Decision{Result: NotPossible, Why: why} }
	notSeen := Decision{Result: NotPermitted, Why: "its owner is not visible to this user"}
	onlyUser := Policy{Kill: true, Only: Only{Users: []string{"app"}}}
	const notApp = "pid 4001 runs as redis, --only user=app"

	for _, tt := range []struct {
		name   string
		policy Policy
		holder netdiag.Holder
		want   Decision // the zero value: go ahead
	}{
		{"client", Policy{Kill: true}, owned(netdiag.Client, java), Decision{}},
		{"bound client", Policy{Kill: true}, owned(netdiag.BoundClient, java), Decision{}},
		{"accepted", Policy{Kill: true}, owned(netdiag.Accepted, java), Decision{}},
		{"bound", Policy{Kill: true}, owned(netdiag.Bound, java), Decision{}},
		{"listener", Policy{Kill: true}, owned(netdiag.Listener, java), refused(notListed)},
		{"listener with --kill-listeners", Policy{Kill: true, KillListeners: true}, owned(netdiag.Listener, java), Decision{}},
		{"remains", Policy{Kill: true}, absent(netdiag.Remains, netdiag.Ownerless), Decision{}},
		{"closing", Policy{Kill: true}, absent(netdiag.Closing, netdiag.Ownerless), Decision{}},
		{"kernel", Policy{Kill: true, KillListeners: true}, absent(netdiag.Kernel, netdiag.OfKernel),
			refused("a socket of the kernel itself is never touched")},

		{"init", Policy{Kill: true}, owned(netdiag.Client, init), refused("pid 1 is the init process and is never touched")},
		{"ancestor", Policy{Kill: true}, owned(netdiag.Client, shell),
			refused("pid 3000 is a process that portguard runs in and is never touched")},
		{"one of the owners is protected", Policy{Kill: true}, owned(netdiag.Client, java, shell),
			refused("pid 3000 is a process that portguard runs in and is never touched")},
		{"listener of init, with --kill-listeners", Policy{Kill: true, KillListeners: true}, owned(netdiag.Listener, init),
			refused("pid 1 is the init process and is never touched")},

		{"--only matches", onlyUser, owned(netdiag.Client, java), Decision{}},
		{"--only does not match", onlyUser, owned(netdiag.Client, redis), refused(notApp)},
		{"--only does not match one of the owners", onlyUser, owned(netdiag.Client, java, redis),
			refused(notApp)},
		{"--only does not unprotect", Policy{Kill: true, Only: Only{Users: []string{"0"}}}, owned(netdiag.Client, init),
			refused("pid 1 is the init process and is never touched")},
		{"--only does not allow listeners", onlyUser, owned(netdiag.Listener, java), refused(notListed)},
		{"--only says nothing of what is nobody's", onlyUser, absent(netdiag.Remains, netdiag.Ownerless), Decision{}},

		{"not yet accepted goes with its listener", Policy{Kill: true}, absent(netdiag.Accepted, netdiag.NotAccepted), Decision{}},
		{"owner not visible", Policy{Kill: true}, absent(netdiag.Client, netdiag.NotPermitted), notSeen},
		{"owner hidden by a security module", Policy{Kill: true}, absent(netdiag.Client, netdiag.Vetoed),
			Decision{Result: NotPermitted, Why: "a security module keeps its owner from being seen"}},
		{"hidepid", Policy{Kill: true}, absent(netdiag.Client, netdiag.Hidden), notSeen},
		{"outside of a user namespace", Policy{Kill: true}, absent(netdiag.Client, netdiag.OtherUserNamespace), notSeen},
		{"another pid namespace", Policy{Kill: true}, absent(netdiag.Client, netdiag.OtherPIDNamespace),
			refused("its owner is outside this pid namespace")},
		{"no /proc", Policy{Kill: true}, absent(netdiag.Client, netdiag.NoProc), refused("its owner cannot be found without /proc")},
		{"no open files left", Policy{Kill: true}, absent(netdiag.Client, netdiag.Unsearched), refused("no memory or open files were left to look for its owner")},
		{"io_uring", Policy{Kill: true}, hinted(netdiag.InRing, owner.HintIOURing, java), Decision{}},
		{"io_uring of an ancestor's", Policy{Kill: true}, hinted(netdiag.InRing, owner.HintIOURing, shell),
			refused("pid 3000 is a process that portguard runs in and is never touched")},
		{"in flight, perhaps to this one", Policy{Kill: true}, hinted(netdiag.InFlight, owner.HintInFlight, java),
			refused("it was probably sent over a unix socket and not yet received: who is to have it cannot be told for certain")},
		{"stale MPTCP subflow", Policy{Kill: true}, absent(netdiag.Client, netdiag.StaleSubflow), Decision{}},
		{"gone", Policy{Kill: true}, absent(netdiag.Client, netdiag.Gone), refused("no process has it open")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Judge{Policy: tt.policy, Protected: protected}.Decide(Kill, tcp(30010), &tt.holder)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestUncertainUDPHoldersAreLeftAlone(t *testing.T) {
	udp := netdiag.Endpoint{Protocol: netdiag.UDP, Port: 30010}
	h := netdiag.Holder{Kind: netdiag.Client, Owners: []owner.Process{{PID: 4000}}}
	all := Judge{Policy: Policy{Close: true, RestartUnit: true, Kill: true, KillListeners: true}}
	for _, r := range []Rung{Close, RestartUnit, Kill} {
		if d := all.Decide(r, udp, &h); d.Result != NotPossible {
			t.Errorf("%v: %+v", r, d)
		}
	}
	h.Certain = true
	if d := all.Decide(Kill, udp, &h); !d.GoAhead() {
		t.Errorf("certain: %+v", d)
	}
}

// A socket of which nothing tells whether it is in the way, or in another VRF, is not ended for it. It does not keep the others
// from being shared.
func TestHoldersThatMayBeInAnotherVRF(t *testing.T) {
	java := []owner.Process{{PID: 4000}}
	elsewhere := netdiag.Holder{Kind: netdiag.Listener, Owners: java, Flags: netdiag.Flags{VRF: 9}}
	client := netdiag.Holder{Kind: netdiag.Client, Owners: java, Certain: true}
	all := Judge{Policy: Policy{Share: true, Close: true, RestartUnit: true, Kill: true, KillListeners: true}}
	for _, r := range []Rung{Close, RestartUnit, Kill} {
		if d := all.Decide(r, tcp(30010), &elsewhere); d.Result != NotPossible {
			t.Errorf("%v: %+v", r, d)
		}
	}
	f := &netdiag.Finding{Endpoint: tcp(30010), Trial: netdiag.Trial{Verdict: netdiag.Taken}, Holders: []netdiag.Holder{client, elsewhere}}
	for r, want := range map[Rung]bool{Share: true, Close: false, Kill: false} {
		if got := all.Attainable(r, f, anything); got != want {
			t.Errorf("%v is attainable: %v, want %v", r, got, want)
		}
	}
	elsewhere.Certain = true
	if d := all.Decide(Kill, tcp(30010), &elsewhere); !d.GoAhead() {
		t.Errorf("certain: %+v", d)
	}
}
