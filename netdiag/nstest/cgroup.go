package nstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// InUnit runs f with the process in a cgroup that is named as a systemd unit's is. Processes that f starts are in it, and have to end
// with the test.
func InUnit(t testing.TB, unit string, f func()) {
	t.Helper()
	Root(t)
	slice, home := ownCgroup(t)
	cgroup := filepath.Join(slice, unit)
	if err := os.Mkdir(cgroup, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, cgroup) })
	move(t, cgroup)
	defer move(t, home)
	f()
}

// move takes the whole process into a cgroup.
func move(t testing.TB, to string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(to, "cgroup.procs"), []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, cgroup string) {
	t.Helper()
	if err := unix.Rmdir(cgroup); err != nil {
		t.Errorf("remove %s: %v", cgroup, err)
	}
}

// ownCgroup makes a cgroup, and names the one that the process is in.
func ownCgroup(t testing.TB) (made, home string) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	membership, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	_, path, unified := strings.Cut(string(membership), "0::")
	path, _, _ = strings.Cut(path, "\n")
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" || !unified {
			continue
		}
		made, err = os.MkdirTemp(fields[1], "nstest-*.slice")
		if err != nil {
			t.Skipf("no cgroup can be made here: %v", err)
		}
		if err := os.Chmod(made, 0o755); err != nil { // as every cgroup is: who searches them need not be root
			t.Fatal(err)
		}
		t.Cleanup(func() { remove(t, made) })
		return made, filepath.Join(fields[1], path)
	}
	t.Skip("no cgroup v2 hierarchy is mounted here")
	return "", ""
}
