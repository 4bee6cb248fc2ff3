package rigtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Run runs a command inside, in no unit, and returns what it wrote to either output and its status.
func (s *System) Run(argv ...string) (out string, status int, err error) {
	b, err := s.Command(argv...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(b), exit.ExitCode(), nil
	}
	return string(b), 0, err
}

// Command is a command that runs inside, in no unit, once it is started.
func (s *System) Command(argv ...string) *exec.Cmd {
	enter := []string{"-t", strconv.Itoa(s.pid), "-m", "-p", "-n", "-i", "-u", "-C", "-r", "-w", "--"}
	cmd := exec.Command("nsenter", append(enter, argv...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"}
	return cmd
}

// Path is a path inside, as this machine sees it.
func (s *System) Path(inside string) string { return fmt.Sprintf("/proc/%d/root%s", s.pid, inside) }

// Shell runs lines of bash inside, and fails the test unless they all succeed.
func (s *System) Shell(t testing.TB, lines ...string) string {
	t.Helper()
	script := strings.Join(lines, "\n")
	out, status, err := s.Run("bash", "-euo", "pipefail", "-c", script)
	if err != nil || status != 0 {
		t.Fatalf("status %d, %v\n%s\n%s", status, err, script, out)
	}
	return out
}

// Install copies a program of this machine to a path inside.
func (s *System) Install(t testing.TB, program, path string) {
	t.Helper()
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(path)
	if err := os.WriteFile(filepath.Join(s.Dir, name), b, 0o755); err != nil {
		t.Fatal(err)
	}
	s.Shell(t, "install -D /rig/"+name+" "+path)
}

// Unit writes a unit file, or a drop-in, below /etc/systemd/system; systemd does not read it by that.
func (s *System) Unit(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, "unit"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Shell(t, "install -D -m 644 /rig/unit /etc/systemd/system/"+path)
}

// Inside makes a test run inside: the first time, it boots a systemd, runs this same test there, and reports how it went.
// It returns true to the run that is inside.
//
//	if !rigtest.Inside(t) {
//		return
//	}
func Inside(t *testing.T) bool {
	t.Helper()
	const mark = "PORTGUARD_RIGTEST_INSIDE"
	if os.Getenv(mark) != "" {
		return true
	}
	s := Boot(t, "")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.Install(t, program, "/run/rig.test")
	out, status, err := s.Run("env", mark+"=1", "/run/rig.test", "-test.v", "-test.run", "^"+t.Name()+"$")
	if err != nil || status != 0 || strings.Contains(out, "--- SKIP: "+t.Name()) {
		t.Fatalf("inside: status %d, %v\n%s", status, err, out)
	}
	return false
}
