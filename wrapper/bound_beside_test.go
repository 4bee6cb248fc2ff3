package wrapper

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// idle is bound on another address than pooled, and does nothing. The kernel's tables have it since Linux 6.8.
var idle = holders.Spec{
	Options: holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.AddrFrom4([4]byte{127, 0, 0, 2})},
	State:   holders.Bound, Origin: holders.Named,
}

// To free a port of one of its holders, and not of the other, is harm for nothing.
func TestABoundSocketBesideAConnection(t *testing.T) {
	rig := holders.New(t)
	// Each has a port of its own: before Linux 6.0 nothing takes away what is left of a connection.
	for _, tt := range []struct {
		name   string
		port   uint16
		policy decide.Policy
		want   result
		ends   bool
	}{
		{"share", 22080, decide.Policy{Share: true}, result{"free", "share", false, []string{
			"share done: set SO_REUSEADDR on the connection of victim (pid N) 127.0.0.1:22080 -> PEER; nothing else of it changes",
			"share done: set SO_REUSEADDR on the bound socket of victim (pid N) 127.0.0.2:22080; nothing else of it changes",
		}}, false},
		{"kill", 22081, decide.Policy{Kill: true, Grace: 10 * time.Second}, result{"free", "kill", false, []string{
			"kill done: sent SIGTERM to pid N (victim), which has ended",
			"kill done: sent SIGTERM to pid N (victim), which has ended",
		}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			both := []*process{
				victims(t, rig.Hold(t, tt.port, pooled), nil, obeys)[0],
				victims(t, rig.Hold(t, tt.port, idle), nil, obeys)[0],
			}
			if diff := cmp.Diff([]result{tt.want}, run(t, tt.policy, tcp(tt.port))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, p := range both {
				if tt.ends {
					p.endedBy(t)
				} else if diff := cmp.Diff([]string(nil), p.signals(t)); diff != "" {
					t.Errorf("signals (-want +got)\n%s", diff)
				}
			}
		})
	}
	t.Run("close cuts the one, and shares the other", func(t *testing.T) {
		const port = 22082
		connection := rig.Hold(t, port, pooled)
		victims(t, connection, nil, obeys)
		victims(t, rig.Hold(t, port, idle), nil, obeys)
		got := run(t, decide.Policy{Close: true}, tcp(port))
		if got[0].Verdict != "free" || got[0].By != "close" || len(got[0].Actions) != 2 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestKillOfOneBesideABoundSocketIsNotTried(t *testing.T) {
	nstest.Root(t) // for processes of two users
	rig := holders.New(t)
	const alice = 64001
	for i, tt := range []struct {
		allowed                string
		ofConnection, ofSocket uint32
	}{
		{"the connection's owner", alice, 0},
		{"the bound socket's owner", 0, alice},
	} {
		t.Run(tt.allowed, func(t *testing.T) {
			port := uint16(22090 + i)
			connection := victims(t, rig.Hold(t, port, pooled), as(tt.ofConnection), obeys)[0]
			bound := victims(t, rig.Hold(t, port, idle), as(tt.ofSocket), obeys)[0]
			got := run(t, decide.Policy{Kill: true, Only: decide.Only{Users: []string{"64001"}}}, tcp(port))
			want := []result{{"taken", "trial", false, []string{
				"kill not-possible: pid N runs as root, --only user=64001",
				"kill not-possible: left alone: not everything that is in the way can be dealt with, so it would be for nothing",
			}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			checkUntouched(t, port, connection, bound)
		})
	}
}

// An ordinary user sees no bound socket of others where the kernel does not list it. What he may do is done then, and that it
// was in vain is explained.
func TestKillBesideAnothersBoundSocket(t *testing.T) {
	nstest.Root(t) // to become that user
	rig := holders.New(t)
	const port, alice, bob = 22100, 64001, 64002
	connection := victims(t, rig.Hold(t, port, pooled), as(alice), obeys)[0]
	bound := victims(t, rig.Hold(t, port, idle), as(bob), obeys)[0]
	p := decide.Policy{Kill: true, Grace: 10 * time.Second, DryRun: true}
	got := runAs(t, alice, p, port)
	if len(got[0].Actions) > 1 && got[0].Actions[1] == "kill not-permitted: perhaps in vain: "+Unseen {
		t.Log("on this kernel: a bound socket of others does not show (Linux 6.8): what stands beside it is ended in vain, and that there may be more is said")
		want := []result{{"taken", "trial", false, []string{
			"kill would: send SIGTERM to pid N (victim), and SIGKILL after 10s", "kill not-permitted: perhaps in vain: " + Unseen,
		}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("dry run (-want +got)\n%s", diff)
		}
		p.DryRun = false
		want[0].Actions = []string{
			"kill done: sent SIGTERM to pid N (victim), which has ended", "kill not-possible: nobody shows as the holder",
			"kill not-permitted: perhaps in vain: " + Unseen,
		}
		if diff := cmp.Diff(want, runAs(t, alice, p, port)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		checkUntouched(t, port, bound)
		return
	}
	want := []result{{"taken", "trial", false, []string{
		"kill not-permitted: its owner is not visible to this user",
		"kill not-possible: left alone: not everything that is in the way can be dealt with, so it would be for nothing",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	checkUntouched(t, port, connection, bound)
}
