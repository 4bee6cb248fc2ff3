package owner

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// findElsewhere searches from a helper process, which attr and env may put under other rights.
func findElsewhere(t *testing.T, inode uint32, attr *syscall.SysProcAttr, env ...string) Result {
	t.Helper()
	h := start(t, "find", attr, append(env, fmt.Sprintf("INODE=%d", inode))...)
	var res Result
	if err := json.Unmarshal([]byte(h.ready), &res); err != nil {
		t.Fatalf("%v in %s", err, h.ready)
	}
	return res
}

func TestFindAsAnotherUser(t *testing.T) {
	nstest.Root(t)
	const nobody = 65534
	asNobody := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	t.Run("root's process is closed, and counted", func(t *testing.T) {
		h := start(t, "table", nil)
		before := len(allPIDs(t))
		res := findElsewhere(t, h.inode(t), asNobody)
		if len(res.Owners) != 0 || res.Unreadable == 0 {
			t.Errorf("owners %+v, %d unreadable", res.Owners, res.Unreadable)
		}
		// Other tests start and end processes meanwhile, though not as many as half of the kernel's threads.
		if all, kernel := max(before, len(allPIDs(t))), kernelThreads(t); res.Unreadable > all-kernel/2 {
			t.Errorf("%d unreadable of %d processes, %d of them kernel threads", res.Unreadable, all, kernel)
		}
	})
	t.Run("its own process is open", func(t *testing.T) {
		h := start(t, "table", asNobody)
		got := findElsewhere(t, h.inode(t), asNobody).Owners[h.inode(t)]
		if len(got) != 1 || got[0].PID != h.pid || got[0].UID != nobody || got[0].User != "nobody" {
			t.Errorf("owners %+v, want process %d of nobody", got, h.pid)
		}
	})
	t.Run("root sees it with its user", func(t *testing.T) {
		h := start(t, "table", asNobody)
		got := find(t, h.inode(t)).Owners[h.inode(t)]
		if len(got) != 1 || got[0].UID != nobody || got[0].User != "nobody" {
			t.Errorf("owners %+v, want process %d of nobody", got, h.pid)
		}
	})
}

func allPIDs(t *testing.T) []int {
	t.Helper()
	sc, err := Scanner{}.scan()
	if err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	pids, err := sc.pids()
	if err != nil {
		t.Fatal(err)
	}
	return pids
}

func kernelThreads(t *testing.T) (count int) {
	t.Helper()
	for _, pid := range allPIDs(t) {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
			if st, err := parseStat(b); err == nil && st.kernelThread() {
				count++
			}
		}
	}
	return count
}

func TestFindUnderHidepid(t *testing.T) {
	nstest.Root(t)
	h := start(t, "table", nil)
	for option, hidden := range map[string]bool{"hidepid=1": false, "hidepid=2": true, "hidepid=4": true} {
		t.Run(option, func(t *testing.T) {
			res := findElsewhere(t, h.inode(t), &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}, "MOUNT="+option, "BECOME=65534")
			if len(res.Owners) != 0 || res.Hidepid != hidden || !hidden && res.Unreadable == 0 {
				t.Errorf("hidepid %v, want %v; %d unreadable; owners %+v", res.Hidepid, hidden, res.Unreadable, res.Owners)
			}
		})
	}
}

// In a pid namespace of its own, pid 1 shows: it is the helper itself. Whether others are hidden is a matter of rights, and of the group that
// the mount makes an exception of.
func TestFindUnderHidepidInAContainer(t *testing.T) {
	nstest.Root(t)
	h := start(t, "table", nil)
	for _, tt := range []struct {
		options, become string
		hidden          bool
	}{
		{"hidepid=2", "65534", true},
		{"hidepid=4", "65534", true},
		{"hidepid=1", "65534", false},
		{"rw", "65534", false},
		{"hidepid=2,gid=65534", "65534", false},
		{"hidepid=2,gid=1", "65534", true},
		{"hidepid=4,gid=65534", "65534", true},
		{"hidepid=2", "", false},
	} {
		t.Run(tt.options+" as "+tt.become, func(t *testing.T) {
			apart := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
			res := findElsewhere(t, h.inode(t), apart, "MOUNT="+tt.options, "BECOME="+tt.become)
			if res.Hidepid != tt.hidden || !res.ChildPIDNamespace || len(res.Owners) != 0 {
				t.Errorf("%+v, want hidepid %v in a child pid namespace", res, tt.hidden)
			}
		})
	}
}

// The helper is the first process of a pid namespace with a proc of its own.
func TestFindInChildPIDNamespace(t *testing.T) {
	nstest.Root(t)
	outside := start(t, "table", nil)
	apart := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	res := findElsewhere(t, outside.inode(t), apart, "MOUNT=rw")
	if !res.ChildPIDNamespace || res.Hidepid || res.Unreadable != 0 || len(res.Owners) != 0 {
		t.Errorf("%+v, want nobody, in a child pid namespace", res)
	}
	if res := find(t, outside.inode(t)); res.ChildPIDNamespace != inContainer(t) {
		t.Errorf("outside: child pid namespace %v", res.ChildPIDNamespace)
	}
}

// inContainer asks the same of the kernel by another way: kthreadd is process 2 of the initial pid namespace only.
func inContainer(t *testing.T) bool {
	t.Helper()
	p, err := (Scanner{}).Process(2)
	return err != nil || p.Command != "kthreadd"
}
