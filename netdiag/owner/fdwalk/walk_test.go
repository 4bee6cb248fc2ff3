package fdwalk

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
	"portguard/netdiag/release"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

// walk returns the descriptors of some sockets, and skips the test where the kernel will not walk.
func walk(t *testing.T, inodes ...uint32) []Descriptor {
	t.Helper()
	var some []Descriptor
	if err := loaded(t, inodes...).All(t.Context(), func(d Descriptor) { some = append(some, d) }); err != nil {
		t.Fatal(err)
	}
	return some
}

func loaded(t *testing.T, inodes ...uint32) *Walker {
	t.Helper()
	w, err := Load(inodes)
	skipUnable(t, err)
	t.Cleanup(w.Close)
	return w
}

func skipUnable(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, unix.EPERM) || errors.Is(err, os.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("needs CAP_BPF, CAP_PERFMON and a kernel with BTF: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func socket(t *testing.T, domain int) (fd int, inode uint32) {
	t.Helper()
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return fd, uint32(st.Ino)
}

func TestWalkFindsEveryDescriptorOfASocket(t *testing.T) {
	fd, inode := socket(t, unix.AF_INET)
	second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 500)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(second)
	local, other := socket(t, unix.AF_UNIX)

	pid := ownPID(t)
	want := []Descriptor{
		{Inode: inode, PID: pid, TID: pid, FD: fd},
		{Inode: other, PID: pid, TID: pid, FD: local},
		{Inode: inode, PID: pid, TID: pid, FD: second},
	}
	if diff := cmp.Diff(want, walk(t, inode, other)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// ownPID is what the kernel itself numbers this process by, which is in a pid namespace of its own perhaps.
func ownPID(t *testing.T) int {
	t.Helper()
	_, inode := socket(t, unix.AF_INET)
	found := walk(t, inode)
	if len(found) != 1 {
		t.Fatalf("one descriptor, found as %+v", found)
	}
	pid := found[0].PID
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if first := ns == "pid:[4026531836]"; first && pid != os.Getpid() {
		t.Fatalf("found as process %d, which is %d", pid, os.Getpid())
	}
	return pid
}

func TestWalkTellsWhoAskedForThePort(t *testing.T) {
	for name, tt := range map[string]struct {
		port int
		want bool
	}{"by number": {31234, true}, "any port": {0, false}} {
		t.Run(name, func(t *testing.T) {
			fd, inode := socket(t, unix.AF_INET)
			if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: tt.port}); err != nil {
				t.Fatal(err)
			}
			if got := walk(t, inode); len(got) != 1 || got[0].Named != tt.want {
				t.Errorf("got %+v, want one with Named %v", got, tt.want)
			}
		})
	}
}

// Also where threads share a table, it is found with the one that was asked about.
func TestTableIsAThreads(t *testing.T) {
	if !release.Since(6, 12) {
		t.Skip("needs Linux 6.12")
	}
	fd, inode := socket(t, unix.AF_INET)
	pid := ownPID(t) // which need not be os.Getpid()
	thread, done := make(chan int), make(chan bool)
	defer close(done)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid() // the main thread's, perhaps
		<-done
	}()
	w := loaded(t, inode)
	for _, tid := range []int{os.Getpid(), <-thread} {
		var got []Descriptor
		if err := w.Table(t.Context(), tid, func(d Descriptor) { got = append(got, d) }); err != nil {
			t.Fatal(err)
		}
		main := tid == os.Getpid()
		if len(got) != 1 || got[0].Inode != inode || got[0].PID != pid || got[0].FD != fd || (got[0].TID == pid) != main {
			t.Errorf("thread %d has descriptor %d of %d, found as %+v", tid, fd, inode, got)
		}
	}
}

// An O_PATH descriptor of a socket's name in the file system has the type of a socket, and is none.
func TestWalkPassesOverWhatIsNoSocket(t *testing.T) {
	path := t.TempDir() + "/name"
	server, _ := socket(t, unix.AF_UNIX)
	if err := unix.Bind(server, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(name)
	var st unix.Stat_t
	if err := unix.Fstat(name, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		t.Fatalf("mode %o, %v", st.Mode, err)
	}
	pid := ownPID(t)
	for _, d := range walk(t, uint32(st.Ino)) { // a socket may have the same number
		if d.PID == pid && d.FD == name {
			t.Errorf("a file in the file system: %+v", d)
		}
	}
}

func TestWalkEndsWithItsContext(t *testing.T) {
	w := loaded(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.All(ctx, func(Descriptor) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestTheVerifierRefusesAWrongLayout(t *testing.T) {
	walk(t, 1) // or skip
	l, err := readLayout()
	if err != nil {
		t.Fatal(err)
	}
	set, err := newSet([]uint32{1})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(set)
	l.inode.at += 64
	if fd, err := load(program(l, set), l.attach); err == nil {
		unix.Close(fd)
		t.Error("the kernel takes a program that reads a pointer where there is none")
	}
}
