package nstest

import (
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ForbidBind runs f with the process in a cgroup of its own, whose rule answers every bind() of a socket that is made there with
// EPERM, as systemd's SocketBindDeny= does. ipv4 and ipv6 are the families that it is about. Processes that f starts are in it.
func ForbidBind(t testing.TB, ipv4, ipv6 bool, f func()) {
	t.Helper()
	var attach []uint32
	if ipv4 {
		attach = append(attach, unix.BPF_CGROUP_INET4_BIND)
	}
	if ipv6 {
		attach = append(attach, unix.BPF_CGROUP_INET6_BIND)
	}
	hook(t, attach, 0, f)
}

// HookConnect runs f in a cgroup of its own as well, with a program that is called for every connect() over IPv4, and lets it pass.
func HookConnect(t testing.TB, f func()) {
	t.Helper()
	hook(t, []uint32{unix.BPF_CGROUP_INET4_CONNECT}, 1, f)
}

// hook has programs that answer all with the same.
func hook(t testing.TB, attach []uint32, answer int32, f func()) {
	t.Helper()
	Root(t)
	cgroup, home := ownCgroup(t)
	dir, err := os.Open(cgroup)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, a := range attach {
		answerAll(t, dir, a, answer)
	}
	move(t, cgroup)
	defer move(t, home)
	f()
}

// answerAll attaches a program of two instructions: r0 = answer; exit.
func answerAll(t testing.TB, cgroup *os.File, attach uint32, answer int32) {
	t.Helper()
	const cgroupSockAddr = 18 // BPF_PROG_TYPE_CGROUP_SOCK_ADDR
	program, licence := [2]uint64{0xb7 | uint64(uint32(answer))<<32, 0x95}, [4]byte{'G', 'P', 'L'}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&program)
	pin.Pin(&licence)
	load := struct {
		kind, count      uint32
		program, licence uint64
		logLevel, log    uint32
		logBuf           uint64
		version, flags   uint32
		name             [unix.BPF_OBJ_NAME_LEN]byte
		device, attach   uint32
	}{
		kind: cgroupSockAddr, count: uint32(len(program)), attach: attach,
		program: uint64(uintptr(unsafe.Pointer(&program))), licence: uint64(uintptr(unsafe.Pointer(&licence))),
	}
	var prog uintptr
	errno := unix.EAGAIN
	for attempts := 20; errno == unix.EAGAIN && attempts > 0; attempts-- { // a signal came while the kernel verified it
		prog, _, errno = unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&load)), unsafe.Sizeof(load))
	}
	if errno == unix.EPERM || errno == unix.ENOSYS || errno == unix.EINVAL {
		t.Skipf("no BPF programs of cgroups here: %v", errno)
	}
	if errno != 0 {
		t.Fatalf("load a program: %v", errno)
	}
	defer unix.Close(int(prog))
	place := struct{ cgroup, prog, attach, flags uint32 }{uint32(cgroup.Fd()), uint32(prog), attach, 0}
	if _, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_ATTACH, uintptr(unsafe.Pointer(&place)), unsafe.Sizeof(place)); errno != 0 {
		t.Fatalf("attach it to the cgroup: %v", errno)
	}
}
