package owner

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

func TestProcessOfOurselves(t *testing.T) {
	p, err := Scanner{}.Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p.FD != -1 || p.TID != 0 || p.PID != os.Getpid() || p.Zombie || p.StartTicks == 0 {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff(os.Args, p.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

func TestProgram(t *testing.T) {
	self, err := Scanner{}.Self()
	if err != nil {
		t.Fatal(err)
	}
	again := start(t, "table", nil)
	other := exec.Command("sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	waitForExec(t, other.Process.Pid, "sleep")
	for _, tt := range []struct {
		name string
		pid  int
		want bool
	}{{"ourselves", os.Getpid(), true}, {"another process of this program", again.pid, true}, {"another program", other.Process.Pid, false}} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Scanner{}.Process(tt.pid)
			if err != nil {
				t.Fatal(err)
			}
			if p.Program == (Program{}) || (p.Program == self) != tt.want {
				t.Errorf("runs %+v; we are %+v", p.Program, self)
			}
		})
	}
}

func TestProcessIsGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{cmd.Process.Pid, -1, 0, 1 << 30} {
		if p, err := (Scanner{}).Process(pid); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("process %d: %+v, %v", pid, p, err)
		}
	}
}

func TestProcessNotReaped(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForExec(t, cmd.Process.Pid, "sleep")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	for {
		p, err := Scanner{}.Process(cmd.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if p.Zombie {
			if p.Command != "sleep" || p.Args != nil || p.Exe != "" {
				t.Errorf("%+v", p)
			}
			return
		}
	}
}

func TestProcessWithReplacedProgramAndLongCommandLine(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a) R (b")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	// sleep adds up its arguments; a single one may have 128 KiB.
	half := strings.Repeat("0", 100<<10)
	cmd := exec.Command(path, "60", half, half)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	waitForExec(t, cmd.Process.Pid, "a) R (b")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	p, err := Scanner{}.Process(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if p.Exe != path || !p.Deleted {
		t.Errorf("executable %q, deleted %v", p.Exe, p.Deleted)
	}
	if n := len(strings.Join(p.Args, "\x00")); !p.ArgsCut || n != maxArgs {
		t.Errorf("%d bytes of arguments, cut %v", n, p.ArgsCut)
	}
}

func TestAncestors(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	line, err := Ancestors(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if len(line) < 3 || line[0] != os.Getpid() || line[1] != os.Getppid() {
		t.Errorf("%v, want first %d, %d", line, os.Getpid(), os.Getppid())
	}
	// Through the same stat file: the last one has no parent.
	last, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(line[len(line)-1]), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	if st, err := parseStat(last); err != nil || st.Parent != 0 {
		t.Errorf("last ancestor %d has a parent: %+v, %v", line[len(line)-1], st, err)
	}
}

// Behind one that /proc hides may be one that it shows, and that is an ancestor all the same: a supervisor of this user's,
// behind sudo.
func TestAncestorsUnderHidepid(t *testing.T) {
	nstest.Root(t)
	h := start(t, "descend", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}, "MOUNT=hidepid=2", "BECOME=65534")
	want, err := Ancestors(h.pid)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	if err := json.Unmarshal([]byte(h.ready), &got); err != nil {
		t.Fatalf("%v in %s", err, h.ready)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-seen by root +seen by the process itself)\n%s", diff)
	}
}

func TestAncestorsOfNobody(t *testing.T) {
	if line, err := Ancestors(1 << 30); !errors.Is(err, fs.ErrNotExist) || line != nil {
		t.Errorf("%v, %v", line, err)
	}
}
