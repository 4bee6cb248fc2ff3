package netdiag_test

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// withoutFamily runs f on a thread that gets EAFNOSUPPORT for sockets of this family, by a filter like the one that
// systemd makes of RestrictAddressFamilies=. f must not end the test.
func withoutFamily(t *testing.T, family uint32, f func()) {
	t.Helper()
	// args[0] of struct seccomp_data, its low half on a little-endian machine
	withFilter(t, []unix.SockFilter{
		load(0), unlessEqual(unix.SYS_SOCKET, 3),
		load(16), unlessEqual(family, 1),
		answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT)),
		answer(unix.SECCOMP_RET_ALLOW),
	}, f)
}

// withoutSyscall is the same for a system call that is not permitted.
func withoutSyscall(t *testing.T, number uint32, f func()) {
	t.Helper()
	withFilter(t, []unix.SockFilter{
		load(0), unlessEqual(number, 1), answer(unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)), answer(unix.SECCOMP_RET_ALLOW),
	}, f)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func unlessEqual(k uint32, skip uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jf: skip}
}

func answer(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }

func withFilter(t *testing.T, program []unix.SockFilter, f func()) {
	t.Helper()
	refused := make(chan error)
	go filtered(program, f, refused)
	if err := <-refused; errors.Is(err, unix.EINVAL) {
		t.Skipf("no seccomp filters in this kernel: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// filtered ends its thread, as the filter cannot be taken away; the main thread, which cannot end, is left out.
func filtered(program []unix.SockFilter, f func(), done chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		go filtered(program, f, done) // gets another thread while this one is locked
		return
	}
	err := install(program)
	if err == nil {
		f()
	}
	done <- err
}

func install(program []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("PR_SET_NO_NEW_PRIVS", err)
	}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)), 0, 0)
	runtime.KeepAlive(program)
	return os.NewSyscallError("PR_SET_SECCOMP", err)
}
