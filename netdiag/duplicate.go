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
// very socket. What is set on it is set for the owner, too. ErrChanged: the process no longer has it there, or has ended.
//
// It needs ptrace rights on the owner: CAP_SYS_PTRACE, or the same user and a dumpable process, and Yama's consent. Linux
// 5.6; for a descriptor in a thread's own table 6.9.
func Duplicate(o owner.Process, s sockdiag.Socket) (int, error) {
	if err := pidfd.MayGetFD(); err != nil {
		return -1, err
	}
	return duplicateOf(o, s)
}

// duplicateOf is Duplicate where it is known that the system calls may be made.
func duplicateOf(o owner.Process, s sockdiag.Socket) (int, error) {
	fd, err := duplicate(owner.Place{PID: o.PID, TID: o.TID, FD: o.FD})
	if err != nil {
		return -1, err
	}
	if err := verify(fd, s); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// duplicate opens a second descriptor of whatever is at a place. A process that ends, and a descriptor that it closes, are
// both a change between the look and the act, which asks for another look.
func duplicate(at owner.Place) (int, error) {
	fd, err := pidfd.GetFD(at.PID, at.TID, at.FD)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EBADF) {
		return -1, fmt.Errorf("%w (%v)", ErrChanged, err)
	}
	return fd, err
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
	if inode == s.Inode && (cookie == s.Cookie || s.Cookie == 0 || pidfd.IsMPTCP(fd)) {
		return nil
	}
	return fmt.Errorf("%w (inode %d, not %d)", ErrChanged, inode, s.Inode)
}

// FlagsOf asks a socket, through the first of its owners that lets us, for the options that sock_diag does not show. Where none does,
// they are Closed.
func FlagsOf(owners []owner.Process, s sockdiag.Socket) Flags {
	may := pidfd.MayGetFD() == nil
	flags, err := askOwners(owners, s, &may)
	if err != nil || len(owners) == 0 {
		return Flags{V6Only: v6Only(s), Closed: true}
	}
	return flags
}

// FreeBinds reports whether a socket was made to bind an address that the host need not have. Where no owner lets us ask: no.
func FreeBinds(owners []owner.Process, s sockdiag.Socket) bool {
	for _, o := range owners {
		fd, err := Duplicate(o, s)
		if err != nil {
			continue
		}
		defer unix.Close(fd)
		yes, err := pidfd.FreeBind(fd, s.Family == unix.AF_INET6)
		return yes && err == nil
	}
	return false
}

// readFlags asks a duplicate for the options that sock_diag does not show. That the system calls may be made is known.
func readFlags(o owner.Process, s sockdiag.Socket) (Flags, error) {
	fd, err := duplicateOf(o, s)
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
	flags := Flags{ReuseAddr: tristate(reuseAddr), ReusePort: tristate(reusePort), V6Only: tristate(v6only)}
	if Protocol(s.Protocol) == TCP && (s.State == sockdiag.Close || s.State == sockdiag.BoundInactive) {
		flags.Placeholder = isPlaceholder(fd)
	}
	if s.ULP == "mptcp" && s.State != sockdiag.Listen {
		flags.Settable = tristate(pidfd.KeepReuseAddr(fd, reuseAddr) == nil)
	}
	return flags, nil
}

func tristate(b bool) sockdiag.Tristate {
	if b {
		return sockdiag.Yes
	}
	return sockdiag.No
}
