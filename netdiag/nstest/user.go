package nstest

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Root skips the test unless it runs as root of the host: uid 0 with every uid to choose from, so not root of a user
// namespace that Main made.
func Root(t testing.TB) {
	t.Helper()
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 || strings.Join(strings.Fields(string(ids)), " ") != "0 0 4294967295" {
		t.Skip("needs root in the initial user namespace")
	}
}

// As runs f as another user and returns when f has: uid and gid are both uid, there are no supplementary groups and no
// capabilities. It needs Root. Only a thread changes: f runs on another goroutine, so it must not call t.FailNow or
// t.Skip, and goroutines that it starts are root again. A process that f starts runs as that user.
func As(t testing.TB, uid int, f func()) {
	t.Helper()
	Root(t)
	if err := onOwnThread(func() error {
		if err := becomeUser(uid); err != nil {
			return err
		}
		f()
		return nil
	}); err != nil {
		t.Fatalf("become uid %d: %v", uid, err)
	}
}

// onOwnThread runs f on a thread that ends with it, and never on the main thread: that cannot end, and /proc/PID shows
// its credentials as the process's.
func onOwnThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			result <- onOwnThread(f) // the main thread is taken meanwhile
			runtime.UnlockOSThread()
			return
		}
		result <- f() // still locked at the end: the thread goes away
	}()
	return <-result
}

// becomeUser changes the calling thread alone: the wrappers of package syscall change every thread.
func becomeUser(uid int) error {
	id := uintptr(uid)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
		return os.NewSyscallError("setgroups", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, id, id, id); errno != 0 {
		return os.NewSyscallError("setresgid", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, id, id, id); errno != 0 {
		return os.NewSyscallError("setresuid", errno)
	}
	// The change has made the whole process undumpable, which takes its /proc files from everyone but root.
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0))
}
