// Package rigtest boots a real systemd as PID 1 in namespaces of its own, in about a second: its own journal, D-Bus,
// cgroup v2 tree and network, on top of this machine's root directory, which is not written. Test support only.
//
// It needs root, overlayfs, a cgroup v2 hierarchy that may be written, and the Debian packages systemd, dbus and
// util-linux. Where these are missing, tests skip and say which it was. This machine's own PID 1 need not be systemd.
package rigtest

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
)

//go:embed boot.sh
var bootScript string // read only

// System is a systemd that runs.
type System struct {
	// Dir is a directory of this machine that is /rig inside.
	Dir string
	pid int // of its PID 1, seen from here
}

// Boot starts a systemd, of this machine's version or, with root, of that root directory's (see RootFS). It ends with the
// test.
func Boot(t testing.TB, root string) *System {
	t.Helper()
	if root == "" {
		root = "/"
	}
	canBoot(t, root)
	state := t.TempDir()
	s := &System{Dir: filepath.Join(state, "rig")}
	if err := os.Mkdir(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cgroup := makeCgroup(t)
	var console bytes.Buffer
	// clone(2) would take the cgroup that we are in for the root of the new cgroup namespace; unshare(1) takes the child's.
	cmd := exec.Command("unshare", "--cgroup", "bash", "-c", bootScript, "boot", state, root)
	cmd.Stdout, cmd.Stderr = &console, &console
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		UseCgroupFD: true,
		CgroupFD:    int(cgroup.Fd()),
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no namespaces can be made here: %v", err)
	}
	s.pid = cmd.Process.Pid
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // however it ends
	}()
	t.Cleanup(func() { s.down(t, exited) })
	if !s.up(exited) {
		_ = cmd.Process.Kill()
		<-exited
		if strings.Contains(console.String(), "mount") {
			t.Skipf("the root directory cannot be set up here: %s", console.String())
		}
		t.Fatalf("systemd does not come up: %s", console.String())
	}
	return s
}

// canBoot skips where the machine lacks something.
func canBoot(t testing.TB, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	needs.File(t, filepath.Join(root, "/lib/systemd/systemd"), "systemd")
	needs.File(t, filepath.Join(root, "/usr/bin/dbus-daemon"), "dbus")
	needs.Program(t, "bash", "bash")
	for _, program := range []string{"unshare", "nsenter", "setpriv", "pivot_root"} {
		needs.Program(t, program, "util-linux")
	}
}

// makeCgroup makes a cgroup for the system to be the root of.
func makeCgroup(t testing.TB) *os.File {
	t.Helper()
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" {
			continue
		}
		dir, err := os.MkdirTemp(fields[1], "rigtest-")
		if err != nil {
			t.Skipf("no cgroup can be made here: %v", err)
		}
		t.Cleanup(func() { removeCgroup(t, dir) })
		if err := os.Chmod(dir, 0o755); err != nil { // as the root of a hierarchy is
			t.Fatal(err)
		}
		f, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	t.Skip("no cgroup v2 hierarchy is mounted here")
	return nil
}

// removeCgroup removes a tree, whose processes the kernel may still be taking away.
func removeCgroup(t testing.TB, dir string) {
	var err error
	for range 100 {
		var dirs []string
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for i := len(dirs) - 1; i >= 0; i-- {
			err = os.Remove(dirs[i])
		}
		if err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("remove cgroup: %v", err)
}

// up waits until the target is reached. "degraded" will do: a unit of the root directory may fail in here.
func (s *System) up(exited <-chan struct{}) bool {
	comm := fmt.Sprintf("/proc/%d/comm", s.pid)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		select {
		case <-exited:
			return false
		case <-time.After(50 * time.Millisecond):
		}
		if name, _ := os.ReadFile(comm); string(name) != "systemd\n" {
			continue
		}
		out, _, err := s.Run("systemctl", "is-system-running")
		if state := strings.TrimSpace(out); err == nil && (state == "running" || state == "degraded") {
			return true
		}
	}
	return false
}

// down powers the system off; what does not end is killed with its pid namespace.
func (s *System) down(t testing.TB, exited <-chan struct{}) {
	const poweroff = unix.Signal(34 + 4) // SIGRTMIN+4
	_ = unix.Kill(s.pid, poweroff)       // it may have ended
	select {
	case <-exited:
	case <-time.After(10 * time.Second):
		_ = unix.Kill(s.pid, unix.SIGKILL)
		<-exited
		t.Log("systemd did not power off by itself")
	}
}
