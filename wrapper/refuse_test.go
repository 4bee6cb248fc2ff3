package wrapper

import (
	"os"
	"os/exec"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/wrapper/decide"
)

// checkUntouched makes sure that a victim has not got a single signal, and still has its socket.
func checkUntouched(t *testing.T, port uint16, all ...*process) {
	t.Helper()
	for _, p := range all {
		if diff := cmp.Diff([]string(nil), p.signals(t)); diff != "" {
			t.Errorf("signals (-want +got)\n%s", diff)
		}
	}
	if got := run(t, decide.Policy{}, tcp(port)); got[0].Verdict != "taken" {
		t.Errorf("the port is %s by now", got[0].Verdict)
	}
}

func TestNothingIsTouchedWithoutAllowance(t *testing.T) {
	const port = 22000
	victim := victims(t, holders.New(t).Hold(t, port, pooled), nil, obeys)[0]
	want := []result{{"taken", "trial", false, nil}}
	if diff := cmp.Diff(want, run(t, decide.Policy{}, tcp(port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	checkUntouched(t, port, victim)
}

func TestKillRefuses(t *testing.T) {
	rig := holders.New(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		holder holders.Spec
		policy decide.Policy
		want   string
	}{
		{"a listener", listening, decide.Policy{Kill: true},
			"kill not-possible: a listening service is never touched without --kill-listeners"},
		{"whom --only does not name", pooled, decide.Policy{Kill: true, Only: decide.Only{Exes: []string{"/usr/bin/java"}}},
			"kill not-possible: pid N runs /memfd:victim, --only exe=/usr/bin/java"},
		{"a listener that --only does not name", listening,
			decide.Policy{Kill: true, KillListeners: true, Only: decide.Only{Users: []string{"daemon"}}},
			"kill not-possible: pid N runs as " + me.Username + ", --only user=daemon"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const port = 22010
			victim := victims(t, rig.Hold(t, port, tt.holder), nil, obeys)[0]
			want := []result{{"taken", "trial", false, []string{tt.want}}}
			if diff := cmp.Diff(want, run(t, tt.policy, tcp(port))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			checkUntouched(t, port, victim)
		})
	}
}

func TestKillRefusesItself(t *testing.T) {
	const port = 22020
	holders.New(t).Hold(t, port, pooled)
	want := []result{{"taken", "trial", false, []string{"kill not-possible: pid N is portguard itself and is never touched"}}}
	if diff := cmp.Diff(want, run(t, decide.Policy{Kill: true}, tcp(port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The test has the socket, and the Guard runs two processes further down.
func TestKillRefusesAncestors(t *testing.T) {
	const port = 22030
	holders.New(t).Hold(t, port, pooled)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `"$0"; exit $?`, self)
	cmd.Env = append(os.Environ(), partEnv+"="+guards, job{decide.Policy{Kill: true}, []uint16{port}}.env(t))
	got := decode[[]result](t, launch(t, cmd))
	want := []result{{"taken", "trial", false,
		[]string{"kill not-possible: pid N is a process that portguard runs in and is never touched"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A user who may not clear what a process leaves keeps duplicates of its connections while he waits for it to end. So the one
// who comes next finds two who have the port.
func TestKillRefusesAnotherPortguard(t *testing.T) {
	nstest.Root(t) // to become that user
	const port, alice = 22035, 64001
	victim := victims(t, holders.New(t).Hold(t, port, pooled), as(alice), ignores)[0]
	first := start(t, guards, nil, as(alice), job{decide.Policy{Kill: true, Grace: time.Minute}, []uint16{port}}.env(t))
	if line := victim.says(t); line != "SIGTERM" {
		t.Fatal(line)
	}
	want := []result{{"taken", "trial", false, []string{"kill not-possible: pid N is another portguard and is never touched"}}}
	if diff := cmp.Diff(want, run(t, decide.Policy{Kill: true}, tcp(port))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	checkUntouched(t, port, victim)
	select {
	case <-first.ended:
		t.Error("the first portguard has ended")
	default:
	}
}

// The socket belongs to one that may be ended and to one that may not: ending the first frees nothing.
func TestKillOfOneOwnerIsNotTried(t *testing.T) {
	const port = 22040
	h := holders.New(t).Hold(t, port, pooled)
	file := os.NewFile(uintptr(h.FD), "holder")
	h.FD = -1
	defer file.Close() // the test itself has it
	victim := startAll(t, file, nil, []string{obeys})[0]
	got := run(t, decide.Policy{Kill: true}, tcp(port))
	want := []result{{"taken", "trial", false, []string{"kill not-possible: pid N is portguard itself and is never touched"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	checkUntouched(t, port, victim)
}

// The command needs both ports. When one of them cannot be had, freeing the other would be harm for nothing.
func TestKillOfOneEndpointIsNotTried(t *testing.T) {
	rig := holders.New(t)
	client := victims(t, rig.Hold(t, 22050, pooled), nil, obeys)[0]
	server := victims(t, rig.Hold(t, 22051, listening), nil, obeys)[0]
	got := run(t, decide.Policy{Kill: true}, tcp(22050), tcp(22051))
	for i, want := range []string{
		"kill not-possible: left alone: ",
		"kill not-possible: a listening service is never touched without --kill-listeners",
	} {
		if got[i].Verdict != "taken" || len(got[i].Actions) != 1 || !strings.HasPrefix(got[i].Actions[0], want) {
			t.Errorf("got %+v, want %q", got[i], want)
		}
	}
	checkUntouched(t, 22050, client)
	checkUntouched(t, 22051, server)
}

func TestDryRunTouchesNothing(t *testing.T) {
	rig := holders.New(t)
	remains := pooled
	remains.State = holders.FinWait2Orphan
	p := decide.Policy{Wait: 30 * time.Second, Kill: true, Grace: 10 * time.Second, DryRun: true}

	victim := victims(t, rig.Hold(t, 22060, pooled), nil, obeys)[0]
	rig.Hold(t, 22061, remains)
	begin := time.Now()
	got := run(t, p, tcp(22060), tcp(22061))
	want := []result{
		{"taken", "trial", false, []string{
			"wait would: wait up to 30s",
			"kill would: send SIGTERM to pid N (victim), and SIGKILL after 10s"}},
		{"taken", "trial", false, []string{
			"wait would: wait up to 30s",
			"kill would: clear the FIN_WAIT2 record 127.0.0.1:22061 -> PEER, which belongs to no process"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	checkUntouched(t, 22060, victim)
	checkUntouched(t, 22061)
}

// An ordinary user may end its own processes, but not destroy what they leave behind: that takes CAP_NET_ADMIN. A duplicate
// of the connection, taken beforehand, does.
func TestKillByAnOrdinaryUser(t *testing.T) {
	nstest.Root(t) // to become that user
	const alice, bob = 64001, 64002
	rig := holders.New(t)
	for _, tt := range []struct {
		name   string
		holder holders.Spec
		policy decide.Policy
	}{
		{"a connection of its own", pooled, decide.Policy{Kill: true, Grace: 10 * time.Second}},
		{"a listener of its own", listening, decide.Policy{Kill: true, KillListeners: true, Grace: 10 * time.Second}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const port = 22070
			victim := victims(t, rig.Hold(t, port, tt.holder), as(alice), obeys)[0]
			begin := time.Now()
			got := runAs(t, alice, tt.policy, port)
			if got[0].Verdict != "free" || got[0].By != "kill" {
				t.Errorf("got %+v", got)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			victim.endedBy(t)
			checkBindable(t, port)
		})
	}
	t.Run("another user's process", func(t *testing.T) {
		const port = 22071
		victim := victims(t, rig.Hold(t, port, pooled), as(bob), obeys)[0]
		got := runAs(t, alice, decide.Policy{Kill: true}, port)
		want := []result{{"taken", "trial", false,
			[]string{"kill not-permitted: its owner is not visible to this user"}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		checkUntouched(t, port, victim)
	})
	t.Run("a connection shared with another user's process", func(t *testing.T) {
		const port = 22072
		h := rig.Hold(t, port, pooled)
		file := os.NewFile(uintptr(h.FD), "holder")
		h.FD = -1
		other := startAll(t, file, as(bob), []string{obeys})[0]
		startAll(t, file, as(alice), []string{obeys})
		file.Close()
		got := runAs(t, alice, decide.Policy{Kill: true, Grace: 300 * time.Millisecond}, port)
		if got[0].Verdict != "taken" {
			t.Errorf("got %+v", got)
		}
		checkUntouched(t, port, other)
	})
	t.Run("remains", func(t *testing.T) {
		const port = 22073
		if !rig.Destroys(t, holders.Established) {
			t.Skip("no SOCK_DESTROY in this kernel (CONFIG_INET_DIAG_DESTROY), whoever asks")
		}
		remains := pooled
		remains.State = holders.FinWait2Orphan
		rig.Hold(t, port, remains)
		got := runAs(t, alice, decide.Policy{Kill: true}, port)
		if got[0].Verdict != "taken" || len(got[0].Actions) != 1 || !strings.HasPrefix(got[0].Actions[0], "kill not-permitted: ") {
			t.Errorf("got %+v", got)
		}
	})
}

// runAs is a Guard's run in a process of another user.
func runAs(t *testing.T, uid uint32, p decide.Policy, port uint16) []result {
	t.Helper()
	guard := start(t, guards, nil, as(uid), job{p, []uint16{port}}.env(t))
	results := decode[[]result](t, guard)
	guard.endedBy(t) // until then it holds what it has freed
	return results
}
