package pidfd

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// info is struct pidfd_info as it was at first (include/uapi/linux/pidfd.h, 64 bytes); later kernels fill in as much.
type info struct {
	_      [2]uint64 // mask, which asks for more than is always there; the cgroup
	_, _   uint32    // pid, tgid
	parent uint32
	_      [9]uint32 // user and group ids, a spare
}

// getInfo is PIDFD_GET_INFO, _IOWR(0xFF, 11, struct pidfd_info).
const getInfo = 3<<30 | unsafe.Sizeof(info{})<<16 | 0xFF<<8 | 11

// Parent is the pid of the parent, 0 when it has none in this pid namespace (PIDFD_GET_INFO, Linux 6.13). No privilege is
// needed: it tells of processes, too, that /proc hides from this user. syscall.ESRCH: the process has been reaped.
func (p *Process) Parent() (int, error) {
	var i info
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.fd), getInfo, uintptr(unsafe.Pointer(&i)))
	switch errno {
	case 0:
		return int(i.parent), nil
	case unix.ENOTTY, unix.EINVAL: // a pidfd had no ioctl, or knew only some without an argument
		return 0, fmt.Errorf("parent by pidfd: %w", errors.ErrUnsupported)
	}
	return 0, os.NewSyscallError("ioctl", errno)
}
