package netdiag

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"portguard/netdiag/owner"
	"portguard/netdiag/pidfd"
	"portguard/netdiag/sockdiag"
)

// ErrChanged says that a descriptor no longer is the socket that was found there.
var ErrChanged = errors.New("the descriptor is another socket by now")

// Duplicate opens a second descriptor, close-on-exec, of a socket that a process has open, and makes sure that it is this
// very socket. What is set on it is set for the owner, too.
//
// It needs ptrace rights on the owner: CAP_SYS_PTRACE, or the same user and a dumpable process, and Yama's consent. Linux
// 5.6; for a descriptor in a thread's own table 6.9.
func Duplicate(o owner.Process, s sockdiag.Socket) (int, error) {
	p, err := open(o)
	if err != nil {
		return -1, err
	}
	defer p.Close()
	fd, err := p.GetFD(o.FD)
	if errors.Is(err, unix.EBADF) {
		return -1, ErrChanged
	}
	if err != nil {
		return -1, err
	}
	if err := verify(fd, s); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func open(o owner.Process) (*pidfd.Process, error) {
	if o.TID != 0 {
		return pidfd.OpenThread(o.TID)
	}
	return pidfd.Open(o.PID)
}

// verify compares the cookie, which no other socket has had since the host was started. The descriptor of an MPTCP socket
// has another one than the TCP subflow that sock_diag lists; the two have the inode in common,
// and so has what /proc lists without a cookie.
func verify(fd int, s sockdiag.Socket) error {
	inode, err := pidfd.Inode(fd)
	if errors.Is(err, unix.ENOTSOCK) {
		return ErrChanged
	}
	if err != nil {
		return err
	}
	cookie, err := pidfd.Cookie(fd)
	if err != nil {
		return err
	}
	if inode == s.Inode && (cookie == s.Cookie || s.Cookie == 0 || isMPTCP(fd)) {
		return nil
	}
	return fmt.Errorf("%w (inode %d, not %d)", ErrChanged, inode, s.Inode)
}

func isMPTCP(fd int) bool {
	proto, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return err == nil && proto == unix.IPPROTO_MPTCP
}

// readFlags asks a duplicate for the options that sock_diag does not show.
func readFlags(o owner.Process, s sockdiag.Socket) (Flags, error) {
	fd, err := Duplicate(o, s)
	if err != nil {
		return Flags{}, err
	}
	defer unix.Close(fd)
	reuseAddr, err1 := pidfd.ReuseAddr(fd)
	reusePort, err2 := pidfd.ReusePort(fd)
	v6only, err3 := false, error(nil)
	if s.Family == unix.AF_INET6 {
		v6only, err3 = pidfd.V6Only(fd)
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		return Flags{}, err
	}
	return Flags{ReuseAddr: tristate(reuseAddr), ReusePort: tristate(reusePort), V6Only: tristate(v6only)}, nil
}

func tristate(b bool) sockdiag.Tristate {
	if b {
		return sockdiag.Yes
	}
	return sockdiag.No
}
