package owner

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"portguard/netdiag/owner/fdwalk"
	"portguard/netdiag/release"
)

// The kernel's own walk is for speed alone: it has to say what the tables in /proc say.
func TestTheKernelNamesTheSameOwners(t *testing.T) {
	zombie := start(t, "zombie", nil)
	for range 1000 { // it says the inode before its main thread exits
		if p, err := (Scanner{}).Process(zombie.pid); err != nil || p.Zombie {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for name, inode := range map[string]uint32{
		"in the table of a process":             start(t, "table", nil).inode(t),
		"in a table of a thread's own":          start(t, "thread", nil).inode(t),
		"of a process without a main thread":    zombie.inode(t),
		"shared by two processes, in one twice": shared(t),
		"in no table, but in an io_uring":       start(t, "ring", nil).inode(t),
	} {
		t.Run(name, func(t *testing.T) {
			wanted := map[uint32]bool{inode: true}
			sc, err := Scanner{}.scan()
			if err != nil {
				t.Fatal(err)
			}
			defer sc.close()
			all, err := survey(t.Context(), sc, func(ctx context.Context, p proc, buf *scratch) (found, error) {
				return sc.openedBy(ctx, p, buf, wanted)
			})
			if err != nil {
				t.Fatal(err)
			}
			for ask, got := range askedOfKernel(t, sc, wanted) {
				if diff := cmp.Diff(holding(all), holding(got), cmp.AllowUnexported(found{}, place{}), cmp.Comparer(sameStart), cmpopts.IgnoreFields(found{}, "named"), cmpopts.IgnoreFields(Condition{}, "State")); diff != "" {
					t.Errorf("/proc, and the kernel by %s (-want +got)\n%s", ask, diff)
				}
			}
		})
	}
}

// askedOfKernel is what the kernel says when it is asked in each way that it knows.
func askedOfKernel(t *testing.T, sc *scan, wanted map[uint32]bool) map[string][]found {
	t.Helper()
	answers := map[string][]found{}
	var err error
	if !sc.initial() { // its numbers mean nothing here, and nobody asks it
		answers["nothing"], err = sc.search(t.Context(), wanted)
		if err != nil {
			t.Fatal(err)
		}
		return answers
	}
	walker, err := fdwalk.Load(slices.Collect(maps.Keys(wanted)))
	if errors.Is(err, unix.EPERM) || errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs CAP_BPF, CAP_PERFMON and a kernel with BTF: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer walker.Close()
	if answers["one walk"], err = sc.walkAll(t.Context(), walker, wanted); err != nil {
		t.Fatal(err)
	}
	if release.Since(6, 12) {
		if answers["a walk for each process"], err = sc.walkEach(t.Context(), walker, wanted); err != nil {
			t.Fatal(err)
		}
	}
	return answers
}

func TestManyFilesInTheMeanPayForAWalkEach(t *testing.T) {
	for _, tc := range []struct {
		name             string
		files, processes int
		want             bool
	}{
		{"a host of small processes", 100_000, 300, false},
		{"as many as begin to", 1000, 1, false},
		{"pools of twenty thousand", 1_000_000, 50, true},
		{"not known", 0, 50, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := pays(tc.files, tc.processes); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// Where kcmp(2) is refused, every thread seems to have a table of its own: one walk passes over those that are shared.
func TestManyThreadsAreWalkedOnce(t *testing.T) {
	if !release.Since(6, 12) {
		t.Skip("needs Linux 6.12")
	}
	done := make(chan bool)
	defer close(done)
	var ready sync.WaitGroup
	for range manyTables + 1 {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			<-done
		}()
	}
	ready.Wait()
	sc, err := Scanner{}.scan()
	if err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	sc.compare = false
	wanted := map[uint32]bool{1: true}
	walker, err := fdwalk.Load([]uint32{1})
	if errors.Is(err, unix.EPERM) || errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs CAP_BPF, CAP_PERFMON and a kernel with BTF: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer walker.Close()
	if _, err := sc.walkEach(t.Context(), walker, wanted); !errors.Is(err, errManyTables) {
		t.Errorf("walked through each: %v", err)
	}
	if sc.spread() {
		t.Error("it would be tried where it is known beforehand")
	}
}

// holding are those that have any of the sockets.
func holding(all []found) (some []found) {
	for _, f := range all {
		if len(f.sockets) > 0 {
			some = append(some, f)
		}
	}
	return some
}

// sameStart: a start is counted back from now, to 10 ms.
func sameStart(a, b time.Time) bool { return a.Sub(b).Abs() <= 20*time.Millisecond }

// shared makes a socket that this process has twice, and a child once.
func shared(t *testing.T) (inode uint32) {
	t.Helper()
	fd, inode, err := socket()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeDir(fd) })
	again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, fd+1)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(again), "socket")
	child := exec.Command("sleep", "60")
	child.ExtraFiles = []*os.File{file}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
		_ = file.Close()
	})
	waitForExec(t, child.Process.Pid, "sleep")
	return inode
}

// What the kernel saw may be gone, or another's, when the details are read.
func TestConfirmLooksAgainWhereATableHasChanged(t *testing.T) {
	fd, inode, err := socket()
	if err != nil {
		t.Fatal(err)
	}
	defer closeDir(fd)
	sc, err := Scanner{}.scan()
	if err != nil {
		t.Fatal(err)
	}
	defer sc.close()
	for name, tt := range map[string]struct {
		seen  map[uint32]place
		wants map[uint32]place
	}{
		"as seen":              {map[uint32]place{inode: {fd: fd}}, map[uint32]place{inode: {fd: fd}}},
		"under another number": {map[uint32]place{inode: {fd: 4000}}, map[uint32]place{inode: {fd: fd}}},
		"closed since":         {map[uint32]place{1: {fd: fd}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := map[uint32]bool{}
			for ino := range tt.seen {
				wanted[ino] = true
			}
			p, err := sc.open(os.Getpid())
			if err != nil {
				t.Fatal(err)
			}
			defer closeDir(p.dir)
			got, err := sc.confirm(t.Context(), p, found{sockets: tt.seen}, new(scratch), wanted)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.wants, got.sockets, cmp.AllowUnexported(place{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// On a host with many open files an ordinary user is refused by the kernel before anybody looks at the context.
func TestSearchStopsWithContextOnACrowdedHost(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"sys/fs/file-nr": "20000\t0\t100000\n", "self/ns/placeholder": ""} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(initialPIDNamespace, filepath.Join(root, "self/ns/pid")); err != nil {
		t.Fatal(err)
	}
	fd, err := openDir(unix.AT_FDCWD, root)
	if err != nil {
		t.Fatal(err)
	}
	sc := &scan{root: fd}
	defer sc.close()
	if !sc.crowded() || !sc.initial() {
		t.Fatal("the kernel would not be asked")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := sc.search(ctx, map[uint32]bool{1: true}); !errors.Is(err, context.Canceled) || all != nil {
		t.Errorf("%+v, %v", all, err)
	}
}
