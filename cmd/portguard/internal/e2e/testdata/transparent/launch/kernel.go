package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func call(number uintptr, args ...int) error {
	var a [3]uintptr
	for i, arg := range args {
		a[i] = uintptr(arg)
	}
	if _, _, errno := unix.RawSyscall(number, a[0], a[1], a[2]); errno != 0 {
		return errno
	}
	return nil
}

func pointer(p *int32) int { return int(uintptr(unsafe.Pointer(p))) }

// signals makes exactly l.ignore ignored and l.blocked blocked. It goes past the Go runtime, which is never told.
func (l *launch) signals() error {
	for sig := uintptr(1); sig <= 64; sig++ {
		action := [4]uintptr{} // struct sigaction; the handler comes first
		if l.ignore>>(sig-1)&1 == 1 {
			action[0] = 1 // SIG_IGN
		}
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
		if errno != 0 && sig != uintptr(unix.SIGKILL) && sig != uintptr(unix.SIGSTOP) {
			return errno
		}
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&l.blocked)), 0, 8, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// ambient raises one capability, of those that are permitted, through inheritable to ambient.
func ambient(capability int) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	data[capability/32].Inheritable |= 1 << (capability % 32)
	if err := unix.Capset(&header, &data[0]); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uintptr(capability), 0, 0)
}
