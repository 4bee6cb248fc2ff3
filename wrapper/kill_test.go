package wrapper

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper/decide"
)

func TestKillEndsTheOwner(t *testing.T) {
	rig := holders.New(t)
	bound := pooled
	bound.State, bound.Origin = holders.Bound, holders.Named
	boundClient := pooled
	boundClient.Origin = holders.Named
	accepted := pooled
	accepted.Origin = holders.AcceptedWildcard
	closeWait := pooled
	closeWait.State = holders.CloseWait
	synSent := pooled
	synSent.State = holders.SynSent
	for _, tt := range []struct {
		name   string
		holder holders.Spec
		policy decide.Policy
	}{
		{"client of a pool", pooled, decide.Policy{Kill: true}},
		{"client that asked for the port", boundClient, decide.Policy{Kill: true}},
		{"client whose peer has closed", closeWait, decide.Policy{Kill: true}},
		{"client that does not get through", synSent, decide.Policy{Kill: true}},
		{"server's end of a connection", accepted, decide.Policy{Kill: true}},
		{"bound and idle", bound, decide.Policy{Kill: true}},
		{"listener", listening, decide.Policy{Kill: true, KillListeners: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const port = 21000
			victim := victims(t, rig.Hold(t, port, tt.holder), nil, obeys)[0]
			tt.policy.Grace = 10 * time.Second
			got := run(t, tt.policy, tcp(port))
			if got[0].Verdict != "free" || got[0].By != "kill" {
				t.Errorf("got %+v", got)
			}
			if sig := victim.endedBy(t); sig != 0 {
				t.Errorf("it was ended by %v, and would have ended by itself", sig)
			}
			checkBindable(t, port)
		})
	}
}

func TestKillUsesTheSignalItIsTold(t *testing.T) {
	const port = 21010
	h := holders.New(t).Hold(t, port, pooled)
	victim := victims(t, h, nil, ignores)[0]
	got := run(t, decide.Policy{Kill: true, Signal: unix.SIGHUP, Grace: 200 * time.Millisecond}, tcp(port))
	want := []result{{"free", "kill", false, []string{"kill done: sent SIGHUP and SIGKILL to pid N (victim), which has ended"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if first := victim.says(t); first != "SIGHUP" {
		t.Errorf("the first signal was %s", first)
	}
}

func TestKillAfterGraceWhenTheSignalIsIgnored(t *testing.T) {
	const port, grace = 21020, 400 * time.Millisecond
	h := holders.New(t).Hold(t, port, pooled)
	victim := victims(t, h, nil, ignores)[0]
	begin := time.Now()
	got := run(t, decide.Policy{Kill: true, Grace: grace}, tcp(port))
	want := []result{{"free", "kill", false, []string{"kill done: sent SIGTERM and SIGKILL to pid N (victim), which has ended"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if took := time.Since(begin); took < grace || took > grace+10*time.Second {
		t.Errorf("took %v, grace is %v", took, grace)
	}
	if sig := victim.endedBy(t); sig != unix.SIGKILL {
		t.Errorf("ended by %v", sig)
	}
	checkBindable(t, port)
}

// A process that gives the port back at SIGTERM has done what was asked: it is not killed, and nobody waits for its end.
func TestKillSparesWhoLetsGo(t *testing.T) {
	rig := holders.New(t)
	for _, tt := range []struct {
		name   string
		holder holders.Spec
	}{
		{"listener", listening},
		{"client, whose close leaves FIN_WAIT2", pooled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const port, grace = 21030, 10 * time.Second
			victim := victims(t, rig.Hold(t, port, tt.holder), nil, letsGo)[0]
			begin := time.Now()
			got := run(t, decide.Policy{Kill: true, KillListeners: true, Grace: grace}, tcp(port))
			want := []result{{"free", "kill", false, []string{"kill done: sent SIGTERM to pid N (victim), which has let go of it"}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{"SIGTERM"}, victim.signals(t)); diff != "" {
				t.Errorf("signals (-want +got)\n%s", diff)
			}
			if took := time.Since(begin); took >= grace {
				t.Errorf("took %v, as if it had not let go", took)
			}
			checkBindable(t, port)
		})
	}
}

// fork() shares a socket: the port is free when every process has closed it.
func TestKillEndsAllWhoShareTheSocket(t *testing.T) {
	const port = 21040
	h := holders.New(t).Hold(t, port, pooled)
	both := victims(t, h, nil, obeys, ignores)
	got := run(t, decide.Policy{Kill: true, Grace: 3 * time.Second}, tcp(port))
	if got[0].Verdict != "free" || len(got[0].Actions) != 2 {
		t.Errorf("got %+v", got)
	}
	if a, b := both[0].endedBy(t), both[1].endedBy(t); a != 0 || b != unix.SIGKILL {
		t.Errorf("the one that obeys was ended by %v, the other by %v", a, b)
	}
	checkBindable(t, port)
}

// A plain kill leaves a minute of EADDRINUSE behind.
func TestKillClearsWhatTheProcessLeaves(t *testing.T) {
	rig := holders.New(t)
	t.Run("FIN_WAIT2, while the peer does not close", func(t *testing.T) {
		const port = 21050
		victims(t, rig.Hold(t, port, pooled), nil, obeys)
		begin := time.Now()
		if got := run(t, decide.Policy{Kill: true, Grace: 10 * time.Second}, tcp(port)); got[0].Verdict != "free" {
			t.Errorf("got %+v", got)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		checkBindable(t, port)
	})
	t.Run("TIME_WAIT, and the peer is not touched", func(t *testing.T) {
		const port = 21051
		h := rig.Hold(t, port, pooled)
		peer := peerProcess(t, h)
		victims(t, h, nil, obeys)
		if got := run(t, decide.Policy{Kill: true, Grace: 10 * time.Second}, tcp(port)); got[0].Verdict != "free" {
			t.Errorf("got %+v", got)
		}
		if diff := cmp.Diff([]string(nil), peer.signals(t)); diff != "" {
			t.Errorf("signals to the peer (-want +got)\n%s", diff)
		}
		checkBindable(t, port)
	})
	t.Run("data on its way is delivered first", func(t *testing.T) {
		const port = 21052
		h := rig.Hold(t, port, pooled)
		if _, err := unix.Write(h.FD, []byte("last words")); err != nil {
			t.Fatal(err)
		}
		victims(t, h, nil, obeys)
		if got := run(t, decide.Policy{Kill: true, Grace: 10 * time.Second}, tcp(port)); got[0].Verdict != "free" {
			t.Errorf("got %+v", got)
		}
		var buf [64]byte
		n, err := unix.Read(h.Peer, buf[:])
		if err != nil || string(buf[:n]) != "last words" {
			t.Errorf("the peer reads %q, %v", buf[:max(n, 0)], err)
		}
	})
}

// Nobody's: they were there before any process could be ended for them.
func TestKillClearsRemains(t *testing.T) {
	rig := holders.New(t)
	for i, state := range []holders.State{holders.TimeWait, holders.FinWait2Orphan, holders.FinWait1Orphan} {
		t.Run(string(state), func(t *testing.T) {
			port := uint16(21060 + i)
			spec := pooled
			spec.State = state
			rig.Hold(t, port, spec)
			got := run(t, decide.Policy{Kill: true}, tcp(port))
			if !rig.Destroys(t, state) {
				checkCannotClear(t, got[0])
				t.Skipf("SOCK_DESTROY does not take %s away here: portguard says so and leaves it; --wait waits for its end", state)
			}
			if got[0].Verdict != "free" || got[0].By != "kill" {
				t.Errorf("got %+v", got)
			}
			checkBindable(t, port)
		})
	}
}

// checkCannotClear makes sure that a record which the kernel does not take away is left alone, and that it is said.
func checkCannotClear(t *testing.T, got result) {
	t.Helper()
	if got.Verdict != "taken" || len(got.Actions) != 1 || !strings.Contains(got.Actions[0], " not-possible: clear the ") ||
		!strings.HasSuffix(got.Actions[0], ": this kernel cannot; it ends by itself (--wait)") {
		t.Errorf("got %+v", got)
	}
}

func TestKillFreesEveryEndpoint(t *testing.T) {
	rig := holders.New(t)
	a := victims(t, rig.Hold(t, 21070, pooled), nil, obeys)[0]
	b := victims(t, rig.Hold(t, 21071, pooled), nil, ignores)[0]
	got := run(t, decide.Policy{Kill: true, Grace: 3 * time.Second}, tcp(21070), tcp(21072), tcp(21071))
	want := []result{
		{"free", "kill", false, []string{"kill done: sent SIGTERM to pid N (victim), which has ended"}},
		{"free", "trial", false, nil},
		{"free", "kill", false, []string{"kill done: sent SIGTERM and SIGKILL to pid N (victim), which has ended"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if a, b := a.endedBy(t), b.endedBy(t); a != 0 || b != unix.SIGKILL {
		t.Errorf("ended by %v and %v", a, b)
	}
}

// What a run has freed it holds until Release: otherwise the next connect() could have it.
func TestFreedPortIsHeldUntilRelease(t *testing.T) {
	const port, free = 21080, 21081
	victims(t, holders.New(t).Hold(t, port, pooled), nil, obeys)
	g := hasty(New(decide.Policy{Kill: true, Grace: 10 * time.Second}, nil))
	defer g.Close()
	r, err := g.Run(t.Context(), []netdiag.Endpoint{tcp(free), tcp(port)})
	if err != nil || !r.AllFree() {
		t.Fatalf("%+v, %v", resultsOf(r), err)
	}
	for _, port := range []uint16{port, free} {
		if fd, err := (holders.Options{Protocol: unix.IPPROTO_TCP, Addr: loopback}).Bind(port); err == nil {
			unix.Close(fd)
			t.Errorf("somebody else could take port %d", port)
		}
	}
	r.Release()
	checkBindable(t, port)
	checkBindable(t, free)
}
