package owner

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// makeCgroup makes a cgroup below the mounted hierarchy until the test ends.
func makeCgroup(t *testing.T) (m mount, below string, id uint64) {
	t.Helper()
	nstest.Root(t)
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	m, ok := cgroup2Mount(text)
	if !ok {
		t.Skip("no cgroup v2 hierarchy is mounted")
	}
	parent, err := os.MkdirTemp(m.point, "portguard-test-")
	if err != nil {
		t.Skipf("cgroups cannot be made here: %v", err)
	}
	t.Cleanup(func() { _ = os.Remove(parent) }) // its child may have stayed
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "a b.service")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) }) // one test removes it itself
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		t.Fatal(err)
	}
	return m, dir[len(m.point):], st.Ino
}

func TestCgroupPath(t *testing.T) {
	_, below, id := makeCgroup(t)
	if path, err := CgroupPath(id); err != nil || path != below {
		t.Errorf("%q, %v, want %q", path, err, below)
	}
}

func TestCgroupPathOfRoot(t *testing.T) {
	m, _, _ := makeCgroup(t)
	var st unix.Stat_t
	if err := unix.Stat(m.point, &st); err != nil {
		t.Fatal(err)
	}
	if path, err := CgroupPath(st.Ino); err != nil || path != m.root {
		t.Errorf("%q, %v, want %q", path, err, m.root)
	}
}

// What a user without CAP_DAC_READ_SEARCH gets.
func TestCgroupPathBySearch(t *testing.T) {
	m, below, id := makeCgroup(t)
	nstest.As(t, 65534, func() {
		if path, err := CgroupPath(id); err != nil || path != below {
			t.Errorf("%q, %v, want %q", path, err, below)
		}
		_, err := CgroupPath(1 << 40)
		for range 100 { // a cgroup that another package's test makes may be closed at first
			if errors.Is(err, ErrNoCgroup) {
				break
			}
			time.Sleep(20 * time.Millisecond)
			_, err = CgroupPath(1 << 40)
		}
		if !errors.Is(err, ErrNoCgroup) {
			t.Errorf("an id that nobody has: %v", err)
		}
		top, err := openDir(unix.AT_FDCWD, m.point)
		if err != nil {
			t.Error(err)
			return
		}
		defer closeDir(top)
		if _, err := (&scan{}).cgroupByHandle(top, m.point, id); !errors.Is(err, unix.EPERM) {
			t.Errorf("the kernel answers a user: %v", err)
		}
	})
}

// What could not be searched is not said to be missing.
func TestCgroupPathBehindClosedDirectory(t *testing.T) {
	m, below, id := makeCgroup(t)
	if err := os.Chmod(filepath.Dir(m.point+below), 0o700); err != nil {
		t.Fatal(err)
	}
	nstest.As(t, 65534, func() {
		if path, err := CgroupPath(id); !errors.Is(err, unix.EACCES) || errors.Is(err, ErrNoCgroup) {
			t.Errorf("%q, %v", path, err)
		}
	})
}

func TestCgroupPathOfRemoved(t *testing.T) {
	m, below, id := makeCgroup(t)
	open, err := openDir(unix.AT_FDCWD, m.point+below) // a process that looks at it must not keep it
	if err != nil {
		t.Fatal(err)
	}
	defer closeDir(open)
	if err := os.Remove(m.point + below); err != nil {
		t.Fatal(err)
	}
	if path, err := CgroupPath(id); !errors.Is(err, ErrNoCgroup) {
		t.Errorf("%q, %v", path, err)
	}
}
