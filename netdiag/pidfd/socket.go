package pidfd

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Cookie is the number that names a socket until the host reboots (SO_COOKIE). It equals the cookie of sock_diag; only
// an accepted MPTCP socket has its listener's there.
func Cookie(fd int) (uint64, error) {
	cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	return cookie, os.NewSyscallError("getsockopt SO_COOKIE", err)
}

// Inode is the number in "socket:[INODE]" and in sock_diag. unix.ENOTSOCK when fd is no socket.
func Inode(fd int) (uint32, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return 0, fmt.Errorf("descriptor %d: %w", fd, unix.ENOTSOCK)
	}
	return uint32(st.Ino), nil // sockfs gives out 32 bits
}

// ReuseAddr reads SO_REUSEADDR, which sock_diag does not show. True as well for a socket that TCP_REPAIR lets share
// with anything.
func ReuseAddr(fd int) (bool, error) {
	return flag(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, "getsockopt SO_REUSEADDR")
}

// ReusePort reads SO_REUSEPORT.
func ReusePort(fd int) (bool, error) {
	return flag(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, "getsockopt SO_REUSEPORT")
}

// V6Only reads IPV6_V6ONLY, which bind() to one IPv6 address sets. An IPv4 socket does not have it: an error.
func V6Only(fd int) (bool, error) {
	return flag(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, "getsockopt IPV6_V6ONLY")
}

// FreeBind reports whether a socket may bind an address that the host does not have: by IP_FREEBIND, IP_TRANSPARENT or IPv6's.
func FreeBind(fd int, ipv6 bool) (bool, error) {
	level, options := unix.IPPROTO_IP, []int{unix.IP_FREEBIND, unix.IP_TRANSPARENT}
	if ipv6 {
		level, options = unix.IPPROTO_IPV6, []int{unix.IPV6_FREEBIND, unix.IPV6_TRANSPARENT}
	}
	for _, option := range options {
		if yes, err := flag(fd, level, option, "getsockopt IP_FREEBIND"); yes || err != nil {
			return yes, err
		}
	}
	return false, nil
}

func flag(fd, level, option int, name string) (bool, error) {
	value, err := unix.GetsockoptInt(fd, level, option)
	return value != 0, os.NewSyscallError(name, err)
}

// SetReuseAddr sets SO_REUSEADDR, for every process that has the socket: other sockets with SO_REUSEADDR can then bind
// its port, unless it listens. unix.EINVAL for a connected MPTCP socket.
func SetReuseAddr(fd int) error {
	return os.NewSyscallError("setsockopt SO_REUSEADDR", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
}

// KeepReuseAddr sets SO_REUSEADDR to what it is: nothing changes, and the error is the one that setting it would have.
func KeepReuseAddr(fd int, is bool) error {
	value := 0
	if is {
		value = 1
	}
	return os.NewSyscallError("setsockopt SO_REUSEADDR", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, value))
}

// Disconnect breaks a connection, for every process that has the socket: the peer gets a reset, the owners an error. A
// port that the kernel chose is free at once; one that was asked for stays bound until the last descriptor is closed.
// A listening socket would stop listening: this is for connections.
//
// Some kernels (those before Linux 6.7 that have "tcp: deny tcp_disconnect() when threads are waiting") refuse it with EBUSY
// while a thread waits for the socket, as one in read() does. It is woken up then: it reads the end of the stream.
func Disconnect(fd int) error {
	err := disconnect(fd)
	for _, how := range []int{unix.SHUT_RD, unix.SHUT_RDWR} { // the second wakes up writers, but may leave a TIME_WAIT
		for end := time.Now().Add(wakeLimit); errors.Is(err, unix.EBUSY) && time.Now().Before(end); err = disconnect(fd) {
			_ = unix.Shutdown(fd, how) // fails when the connection is gone, which the next try tells
			time.Sleep(time.Millisecond)
		}
	}
	return err
}

// wakeLimit is how long the threads that wait for a socket may take to leave, once they are woken up.
const wakeLimit = 500 * time.Millisecond

func disconnect(fd int) error {
	unspec := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&unspec)), unsafe.Sizeof(unspec))
	if errno != 0 {
		return os.NewSyscallError("connect AF_UNSPEC", errno)
	}
	return nil
}

// IsMPTCP reports whether it is an MPTCP socket, one that has fallen back to TCP included.
func IsMPTCP(fd int) bool {
	proto, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return err == nil && proto == unix.IPPROTO_MPTCP
}

// LocalAddr is what the socket is bound to. An IPv4 address of an AF_INET6 socket is v4-mapped, and a link-local one
// has its interface index as zone. Port 0: not bound. unix.EAFNOSUPPORT for other families.
func LocalAddr(fd int) (netip.AddrPort, error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), nil
	case *unix.SockaddrInet6:
		addr := netip.AddrFrom16(a.Addr)
		if a.ZoneId != 0 {
			addr = addr.WithZone(strconv.FormatUint(uint64(a.ZoneId), 10))
		}
		return netip.AddrPortFrom(addr, uint16(a.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("getsockname: %w", unix.EAFNOSUPPORT)
}
