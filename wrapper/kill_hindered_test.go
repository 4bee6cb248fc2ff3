package wrapper

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/owner"
	"portguard/wrapper/decide"
)

// A stopped process ends in good order, as one that is not stopped does.
func TestKillOfAStoppedProcess(t *testing.T) {
	const port = 21140
	victim := victims(t, holders.New(t).Hold(t, port, pooled), nil, obeys)[0]
	if err := victim.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, victim, func(c owner.Condition) bool { return c.State == 'T' })
	got := run(t, decide.Policy{Kill: true, Grace: 20 * time.Second}, tcp(port))
	want := []result{{"free", "kill", false, []string{"kill done: sent SIGTERM and SIGCONT to pid N (victim), which has ended"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if sig := victim.endedBy(t); sig != 0 {
		t.Errorf("it was ended by %v, and would have ended by itself", sig)
	}
}

// A frozen one is named as such, whether it ends (cgroup v2) or does not before it is thawed (v1).
func TestKillOfAFrozenProcess(t *testing.T) {
	nstest.Root(t)
	rig := holders.New(t)
	for i, tt := range []struct {
		name, file, on, off string
		want                string
	}{
		{"cgroup v2", "cgroup.freeze", "1", "0", "which has ended; it was frozen with its cgroup "},
		{"cgroup v1", "freezer.state", "FROZEN", "THAWED", "which has not ended: it is frozen with its cgroup "},
	} {
		dir := cgroupWith(tt.file)
		if dir == "" {
			t.Logf("on this host: no %s", tt.name)
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			port := uint16(21141 + i)
			victim := victims(t, rig.Hold(t, port, pooled), nil, obeys)[0]
			write := func(file, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0); err != nil {
					t.Fatal(err)
				}
			}
			write("cgroup.procs", strconv.Itoa(victim.cmd.Process.Pid))
			write(tt.file, tt.on)
			t.Cleanup(func() {
				write(tt.file, tt.off)
				victim.endedBy(t)
				if err := os.Remove(dir); err != nil {
					t.Error(err)
				}
			})
			awaitCondition(t, victim, func(c owner.Condition) bool { return c.Frozen == dir })
			if got := reported(t, tcp(port)).Frozen; got != dir {
				t.Errorf("a report has it as frozen with %q, want %q", got, dir)
			}
			got := run(t, decide.Policy{Kill: true, Grace: 300 * time.Millisecond}, tcp(port))[0]
			if len(got.Actions) != 1 || !strings.Contains(got.Actions[0], tt.want+dir) {
				t.Errorf("got %+v, want %s", got, tt.want+dir)
			}
		})
	}
}

// reported is the condition of the one holder's one process in a report.
func reported(t *testing.T, e netdiag.Endpoint) owner.Condition {
	t.Helper()
	g := hasty(New(decide.Policy{}, nil))
	defer g.Close()
	r, err := g.Run(t.Context(), []netdiag.Endpoint{e})
	defer r.Release()
	if err != nil || len(r.Outcomes[0].Holders) != 1 || len(r.Outcomes[0].Holders[0].Owners) != 1 {
		t.Fatalf("%+v, %v", r.Outcomes, err)
	}
	return r.Outcomes[0].Holders[0].Owners[0].Condition
}

// cgroupWith makes a cgroup that has such a file; "" where no hierarchy has.
func cgroupWith(file string) string {
	for _, top := range []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer", "/sys/fs/cgroup"} {
		dir := filepath.Join(top, "frozen."+strconv.Itoa(os.Getpid()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			return dir
		}
		_ = os.Remove(dir) // of a tmpfs, or of another hierarchy
	}
	return ""
}

func awaitCondition(t *testing.T, p *process, ok func(owner.Condition) bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(owner.Scanner{}.Condition(p.cmd.Process.Pid)); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", owner.Scanner{}.Condition(p.cmd.Process.Pid))
		}
	}
}
