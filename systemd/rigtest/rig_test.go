package rigtest

import (
	"os"
	"strings"
	"testing"
)

// What the rest relies on: a systemd of its own, and this machine's files not written.
func TestASystemOfItsOwn(t *testing.T) {
	s := Boot(t, "")
	out := s.Shell(t,
		"cat /proc/1/comm",
		"touch /etc/systemd/system/rigtest-mark",
		"systemd-run --quiet --wait --pipe cat /proc/self/cgroup")
	if !strings.HasPrefix(out, "systemd\n") || !strings.Contains(out, "0::/system.slice/run-") {
		t.Errorf("PID 1 and the cgroup of a unit:\n%s", out)
	}
	if _, err := os.Stat("/etc/systemd/system/rigtest-mark"); err == nil {
		t.Error("a file written inside is outside")
	}
	if _, status, err := s.Run("sh", "-c", "exit 7"); status != 7 || err != nil {
		t.Errorf("status %d, %v, want 7", status, err)
	}
}

func TestRootFSTakesAPath(t *testing.T) {
	if got := RootFS(t, "/some/root"); got != "/some/root" {
		t.Errorf("got %q", got)
	}
}
