package owner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

func find(t *testing.T, inodes ...uint32) Result {
	t.Helper()
	res, err := Scanner{}.Find(t.Context(), inodes)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// where keeps of a process what tells where it has the socket.
type where struct{ PID, TID, FD int }

func places(processes []Process) []where {
	var all []where
	for _, p := range processes {
		all = append(all, where{p.PID, p.TID, p.FD})
	}
	return all
}

func checkPlaces(t *testing.T, got []Process, want ...where) {
	t.Helper()
	if diff := cmp.Diff(want, places(got)); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
}

func TestFindProcessWithDetails(t *testing.T) {
	before := time.Now().Add(-time.Second)
	h := start(t, "table", nil)
	inode := h.inode(t)
	var fd int
	if _, err := fmt.Sscan(h.ready, new(int), &fd); err != nil {
		t.Fatal(err)
	}
	res := find(t, inode, 0)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self, err := Scanner{}.Self()
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint32][]Process{inode: {{
		PID:      h.pid,
		FD:       fd,
		Command:  "exe", // of /proc/self/exe
		Args:     []string{"helper", "-of", "owner\ntest"},
		Exe:      exe,
		Program:  self,
		UID:      uint32(os.Geteuid()),
		User:     "root",
		Cgroup:   cgroupOfTest(t),
		Parent:   os.Getpid(),
		InnerPID: h.pid,
	}}}
	if diff := cmp.Diff(want, res.Owners, cmpopts.IgnoreFields(Process{}, "Started", "StartTicks", "Condition", "OtherCgroups")); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if got := res.Owners[inode]; len(got) == 1 {
		if s := got[0].Started; s.Before(before) || s.After(time.Now().Add(time.Second)) {
			t.Errorf("started %v, but the test began %v", s, before)
		}
	}
	if len(res.Held) != 0 {
		t.Errorf("hints for an explained socket: %+v", res.Held)
	}
}

func cgroupOfTest(t *testing.T) string {
	t.Helper()
	p, err := Scanner{}.Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return p.Cgroup
}

func TestFindEveryProcessThatSharesSocket(t *testing.T) {
	fd, inode, err := socket()
	if err != nil {
		t.Fatal(err)
	}
	defer closeDir(fd)
	again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, fd+1)
	if err != nil {
		t.Fatal(err)
	}
	defer closeDir(again)

	file := os.NewFile(uintptr(again), "socket")
	defer file.Close()
	child := exec.Command("sleep", "60")
	child.ExtraFiles = []*os.File{file}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	waitForExec(t, child.Process.Pid, "sleep")
	checkPlaces(t, find(t, inode).Owners[inode], where{os.Getpid(), 0, fd}, where{child.Process.Pid, 0, 3})
}

// waitForExec waits until a started process is its own program: before, it has a copy of our table. The kernel names it
// before it has laid out its arguments.
func waitForExec(t *testing.T, pid int, command string) {
	t.Helper()
	for range 1000 {
		if p, err := (Scanner{}).Process(pid); err == nil && p.Command == command && len(p.Args) > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("process %d never became %s", pid, command)
}

func TestFindThreadWithOwnTable(t *testing.T) {
	h := start(t, "thread", nil)
	var fd, tid int
	if _, err := fmt.Sscan(h.ready, new(int), &fd, &tid); err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, find(t, h.inode(t)).Owners[h.inode(t)], where{h.pid, tid, fd})
}

func TestFindWithoutKcmpReadsEveryThread(t *testing.T) {
	h := start(t, "thread", nil)
	sc, err := Scanner{}.scan()
	if err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	p, err := sc.open(h.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer closeDir(p.dir)

	own := func(compare bool) int {
		sc.compare = compare
		tids, err := sc.ownTables(p, new(scratch))
		if err != nil {
			t.Fatal(err)
		}
		return len(tids)
	}
	if with, without := own(true), own(false); with != 1 || without < 2 {
		t.Errorf("%d tables with kcmp, want 1; %d without, want every thread", with, without)
	}
	f, err := sc.openedBy(t.Context(), p, new(scratch), map[uint32]bool{h.inode(t): true})
	if err != nil || len(f.sockets) != 1 {
		t.Errorf("found %+v, %v", f.sockets, err)
	}
}

func TestFindAfterMainThreadExited(t *testing.T) {
	h := start(t, "zombie", nil)
	inode := h.inode(t)
	for range 1000 { // it says the inode before it exits
		if p, err := (Scanner{}).Process(h.pid); err != nil || p.Zombie {
			break
		}
		time.Sleep(time.Millisecond)
	}
	got := find(t, inode).Owners[inode]
	if len(got) != 1 || got[0].PID != h.pid || got[0].TID == 0 || !got[0].Zombie {
		t.Fatalf("owners %+v, want a thread of process %d, whose main thread has exited", got, h.pid)
	}
	if diff := cmp.Diff([]string{"helper", "-of", "owner\ntest"}, got[0].Args); diff != "" || got[0].Exe == "" {
		t.Errorf("executable %q, arguments (-want +got):\n%s", got[0].Exe, diff)
	}
}

func TestHintForRing(t *testing.T) {
	h := start(t, "ring", nil)
	var inode uint32
	var ring int
	if _, err := fmt.Sscan(h.ready, &inode, &ring); err != nil {
		t.Fatal(err)
	}
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", h.pid, ring))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(info), "socket:[") {
		checkHint(t, h, HintVeiledRing)
		t.Skip("this kernel's fdinfo does not tell the inodes of an io_uring's files")
	}
	checkHint(t, h, HintIOURing)
}

func TestHintForDescriptorInFlight(t *testing.T) {
	h := start(t, "inflight", nil)
	checkHint(t, h, HintInFlight)
}

// checkHint wants the helper among the hints: other processes of the host may have descriptors in flight as well.
func checkHint(t *testing.T, h helper, kind HintKind) {
	t.Helper()
	var inode uint32
	want := where{PID: h.pid}
	if _, err := fmt.Sscan(h.ready, &inode, &want.FD); err != nil {
		t.Fatal(err)
	}
	res := find(t, inode)
	if len(res.Owners) != 0 {
		t.Errorf("owners of a socket in no table: %+v", res.Owners)
	}
	for _, hint := range res.Held[inode] {
		if hint.Kind == kind && (where{hint.Process.PID, hint.Process.TID, hint.Process.FD}) == want {
			return
		}
	}
	t.Errorf("hints %+v, want kind %d at %+v", res.Held[inode], kind, want)
}

func TestFindNobody(t *testing.T) {
	res := find(t, math.MaxUint32) // the kernel counts inodes up from 1
	if len(res.Owners) != 0 {
		t.Errorf("owners %+v", res.Owners)
	}
	if res.Hidepid {
		t.Error("hidepid, but /proc/1 is there")
	}
}

func TestFindWithoutProc(t *testing.T) {
	for name, root := range map[string]string{"no directory": "/nonexistent", "another file system": t.TempDir()} {
		if res, err := (Scanner{Root: root}).Find(t.Context(), []uint32{1}); !errors.Is(err, ErrNoProc) || res.Owners != nil {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
}

func TestFindStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := (Scanner{}).Find(ctx, []uint32{1}); !errors.Is(err, context.Canceled) || res.Owners != nil {
		t.Errorf("%+v, %v", res, err)
	}
}
