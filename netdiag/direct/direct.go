// Package direct answers: which system calls wait for nobody, so that Go's scheduler need not be told of them? Those that make a
// socket, set it, bind it, and close it unconnected. On a busy host the scheduler takes a call during which the thread was preempted
// for one that waits, and wakes another thread in its place.
package direct

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// Calls makes them; the zero value as package unix does. None of them waits for anybody, so none ends with EINTR.
type Calls struct{ direct bool }

// New asks once for many calls. A seccomp filter may have another process answer (SECCOMP_RET_USER_NOTIF), which takes as long as
// it likes: there the scheduler is told. A filter is never taken away again, and portguard adds none.
func New() Calls { return Calls{direct: !permit.Filtered()} }

// Socket is socket(2).
func (c Calls) Socket(family, typ, protocol int) (int, error) {
	if !c.direct {
		return unix.Socket(family, typ, protocol)
	}
	fd, _, errno := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), uintptr(typ), uintptr(protocol))
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// Set is setsockopt(2) of a number.
func (c Calls) Set(fd, level, option, value int) error {
	if !c.direct {
		return unix.SetsockoptInt(fd, level, option, value)
	}
	v := int32(value)
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option),
		uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0)
	return failure(errno)
}

// Bind is bind(2) of an AF_INET socket to an IPv4 address, of an AF_INET6 one to any other, v4-mapped ones included. scope is the
// index of a link-local address's interface.
func (c Calls) Bind(fd int, at netip.AddrPort, scope uint32) error {
	if at.Addr().Is4() {
		return c.bind4(fd, at)
	}
	if !c.direct {
		return unix.Bind(fd, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16(), ZoneId: scope})
	}
	name := unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: network(at.Port()), Addr: at.Addr().As16(), Scope_id: scope}
	_, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name))
	return failure(errno)
}

func (c Calls) bind4(fd int, at netip.AddrPort) error {
	if !c.direct {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()})
	}
	name := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: network(at.Port()), Addr: at.Addr().As4()}
	_, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name))
	return failure(errno)
}

// Fcntl is fcntl(2), of the commands that have a number as argument and take no lock.
func (c Calls) Fcntl(fd, command, argument int) (int, error) {
	if !c.direct {
		return unix.FcntlInt(uintptr(fd), command, argument)
	}
	value, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), uintptr(command), uintptr(argument))
	if errno != 0 {
		return -1, errno
	}
	return int(value), nil
}

// Close is close(2) of a socket that was never connected: one with SO_LINGER waits for its peer.
func (c Calls) Close(fd int) {
	if !c.direct {
		_ = unix.Close(fd) // nothing was written that could fail to arrive
		return
	}
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

// network is a port in the byte order of the network.
func network(port uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], port)
	return binary.NativeEndian.Uint16(b[:])
}

// failure is nil for 0: an unix.Errno in an error never is.
func failure(errno unix.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}
