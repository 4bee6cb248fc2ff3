package direct

import (
	"net/netip"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
	"portguard/netdiag/permit"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

// What is called directly does and answers what package unix does.
func TestDirectCallsAreTheSame(t *testing.T) {
	for name, c := range map[string]Calls{"direct": {direct: true}, "told to the scheduler": {}} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []string{"127.0.0.1:30871", "[::1]:30871", "[::ffff:127.0.0.2]:30871"} {
				bindTwice(t, c, netip.MustParseAddrPort(at))
			}
			if _, err := c.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_UDP); err != unix.EPROTONOSUPPORT {
				t.Errorf("a TCP socket of UDP: %v", err)
			}
			if err := c.Set(-1, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != unix.EBADF {
				t.Errorf("an option of no socket: %v", err)
			}
			if _, err := c.Fcntl(-1, unix.F_GETFD, 0); err != unix.EBADF {
				t.Errorf("the flags of no descriptor: %v", err)
			}
		})
	}
}

// bindTwice binds a socket, looks at it by package unix, and sees a second one refused until the first is closed.
func bindTwice(t *testing.T, c Calls, at netip.AddrPort) {
	t.Helper()
	socket := func() int {
		family := unix.AF_INET6
		if at.Addr().Is4() {
			family = unix.AF_INET
		}
		fd, err := c.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) }) // one is closed early
		return fd
	}
	first, second := socket(), socket()
	if err := c.Set(first, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 70_000); err != nil {
		t.Fatal(err)
	}
	if got, err := unix.GetsockoptInt(first, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); got != 70_000 || err != nil {
		t.Errorf("%v: an option set to 70000 is %d, %v", at, got, err)
	}
	if err := c.Bind(first, at, 0); err != nil {
		t.Fatalf("bind %v: %v", at, err)
	}
	if got := localOf(t, first); got != at {
		t.Errorf("bound to %v, not %v", got, at)
	}
	if _, err := c.Fcntl(first, unix.F_SETFD, 0); err != nil {
		t.Error(err)
	}
	if flags, err := c.Fcntl(first, unix.F_GETFD, 0); flags != 0 || err != nil {
		t.Errorf("close-on-exec taken away, and the flags are %d, %v", flags, err)
	}
	if err := c.Bind(second, at, 0); err != unix.EADDRINUSE {
		t.Errorf("bind %v beside it: %v", at, err)
	}
	c.Close(first)
	if err := c.Bind(second, at, 0); err != nil {
		t.Errorf("bind %v once it is closed: %v", at, err)
	}
	c.Close(second)
}

func localOf(t *testing.T, fd int) netip.AddrPort {
	t.Helper()
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := name.(*unix.SockaddrInet4); ok {
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	}
	a := name.(*unix.SockaddrInet6)
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
}

// A filter may have another process answer, however long that takes.
func TestAFilterIsToldToTheScheduler(t *testing.T) {
	if permit.Filtered() {
		t.Skip("needs a process without a seccomp filter")
	}
	if !New().direct {
		t.Error("without a filter the calls are not direct")
	}
	filtered := make(chan bool)
	go func() {
		runtime.LockOSThread() // the thread ends with its filter
		allow := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}
		program := unix.SockFprog{Len: 1, Filter: &allow}
		err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
		if err != nil || errno != 0 {
			t.Errorf("set a filter: %v, %v", err, errno)
		}
		filtered <- !New().direct
	}()
	if !<-filtered {
		t.Error("under a filter the calls are direct")
	}
}
