package owner

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// seen is what a process sees of another one's cgroup, and of a socket's that was made there.
type seen struct {
	Process, Socket string
	Units           bool
}

// joinFromEnv goes where it is told, and says what it sees from there. INTO is a cgroup to go to once it is in a namespace.
func joinFromEnv() (string, error) {
	if err := standApart(); err != nil {
		return "", err
	}
	if dir := os.Getenv("INTO"); dir != "" {
		_ = unix.Unmount("/sys/fs/cgroup", unix.MNT_DETACH) // the same is not mounted twice in one place; where none is, all is well
		if err := errors.Join(unix.Mount("none", "/sys/fs/cgroup", "cgroup2", 0, ""), os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0)); err != nil {
			return "", err
		}
	}
	var s seen
	var pid int
	var id uint64
	if _, err := fmt.Sscan(os.Getenv("PID"), &pid); err != nil {
		return "", err
	}
	if _, err := fmt.Sscan(os.Getenv("CGROUPID"), &id); err != nil {
		return "", err
	}
	p, err := Scanner{}.Process(pid)
	if err != nil {
		return "", err
	}
	cgroup, err := Scanner{}.Cgroup(pid)
	if err != nil || cgroup != p.Cgroup {
		return "", fmt.Errorf("one asks for %q, the other for %q: %w", p.Cgroup, cgroup, err)
	}
	s.Process = p.Cgroup
	if s.Socket, err = CgroupPath(id); err == nil {
		err = opens(s.Socket)
	}
	if err != nil && !errors.Is(err, ErrNoCgroup) {
		return "", err
	}
	s.Units = Scanner{}.NamesUnits()
	said, err := json.Marshal(s)
	return string(said), err
}

// opens finds the directory of a path again.
func opens(path string) error {
	dir, err := OpenCgroup(path)
	if err != nil {
		return err
	}
	return dir.Close()
}

// In a cgroup namespace paths begin at its root. They name units where the service manager is in there, too, as in a container that
// runs one; where it is outside, a user's foo.service would have the path of the system's.
func TestCgroupNamespace(t *testing.T) {
	m, below, _ := makeCgroup(t)
	top := filepath.Dir(m.point + below)
	dir := func(parts ...string) string {
		t.Helper()
		path := filepath.Join(append([]string{top}, parts...)...)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { remove(t, path) })
		return path
	}
	around := dir("user@1000.service")
	inside := dir("user@1000.service", "foo.service")
	beside := dir("order.service")
	move := func(dir string) (pid int, id uint64) {
		t.Helper()
		h := start(t, "table", nil)
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), fmt.Append(nil, h.pid), 0); err != nil {
			t.Fatal(err)
		}
		var st unix.Stat_t
		if err := unix.Stat(dir, &st); err != nil {
			t.Fatal(err)
		}
		return h.pid, st.Ino
	}
	name := filepath.Base(top)
	for _, tt := range []struct {
		name   string
		dir    string // of the process that is looked at
		cgroup string // the root of the namespace that it is looked at from; "" for the first
		own    bool   // in a pid namespace, too, whose first process is in that root
		want   seen
	}{
		{"from the first one", inside, "", false, seen{"/" + name + "/user@1000.service/foo.service", "/" + name + "/user@1000.service/foo.service", true}},
		{"from one above it", inside, around, false, seen{"/?/foo.service", "/../../" + name + "/user@1000.service/foo.service", false}},
		{"from its own", inside, inside, false, seen{"/", "/../../../" + name + "/user@1000.service/foo.service", false}},
		{"from one beside it", beside, around, false, seen{"/../order.service", "/../../" + name + "/order.service", false}},
		{"from a container's", inside, around, true, seen{"/foo.service", "/foo.service", true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pid, id := move(tt.dir)
			env := []string{"CGROUP=" + tt.cgroup, fmt.Sprintf("CGROUPID=%d", id)}
			attr := &syscall.SysProcAttr{}
			if tt.own { // there it looks at itself
				pid, attr.Cloneflags = 1, unix.CLONE_NEWPID|unix.CLONE_NEWNS
				env = append(env, "MOUNT=rw", "INTO=/sys/fs/cgroup/"+filepath.Base(tt.dir))
			}
			var got seen
			if err := json.Unmarshal([]byte(start(t, "join", attr, append(env, fmt.Sprintf("PID=%d", pid))...).ready), &got); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// remove waits for those that have just ended there.
func remove(t *testing.T, cgroup string) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = os.Remove(cgroup); err == nil {
			return
		}
	}
	t.Error(err)
}
