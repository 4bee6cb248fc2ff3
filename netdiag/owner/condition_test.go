package owner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// Real processes: stopped, and frozen by either version of cgroups where the kernel has it.
func TestConditionOfAProcess(t *testing.T) {
	sleeper := func(t *testing.T) int {
		t.Helper()
		cmd := exec.Command("sleep", "600")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
		return cmd.Process.Pid
	}
	becomes := func(t *testing.T, pid int, ok func(Condition) bool) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); !ok(Scanner{}.Condition(pid)); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%+v", Scanner{}.Condition(pid))
			}
		}
	}
	t.Run("stopped", func(t *testing.T) {
		pid := sleeper(t)
		becomes(t, pid, func(c Condition) bool { return c == Condition{State: 'S'} })
		if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		becomes(t, pid, func(c Condition) bool { return c == Condition{State: 'T'} })
	})
	nstest.Root(t)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []struct {
		name, file, on, off string
		unified             bool
	}{
		{"frozen, cgroup v2", "cgroup.freeze", "1", "0", true},
		{"frozen, cgroup v1", "freezer.state", "FROZEN", "THAWED", false},
	} {
		m, ok := cgroupMount(mounts, version.unified)
		if !ok {
			t.Logf("on this host: no mount for %s", version.name)
			continue
		}
		t.Run(version.name, func(t *testing.T) {
			dir := filepath.Join(m.point, "condition."+strconv.Itoa(os.Getpid()))
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				for end := time.Now().Add(5 * time.Second); os.Remove(dir) != nil && time.Now().Before(end); {
					time.Sleep(5 * time.Millisecond)
				}
			})
			pid := sleeper(t)
			write := func(file, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0); err != nil {
					t.Fatal(err)
				}
			}
			write("cgroup.procs", strconv.Itoa(pid))
			write(version.file, version.on)
			t.Cleanup(func() { write(version.file, version.off) })
			becomes(t, pid, func(c Condition) bool { return c.Frozen == dir && !c.Killed })
			if version.unified {
				return // there SIGKILL ends it all the same
			}
			if err := unix.Kill(pid, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			becomes(t, pid, func(c Condition) bool { return c.Frozen == dir && c.Killed })
		})
	}
}
