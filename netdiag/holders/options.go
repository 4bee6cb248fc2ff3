package holders

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// Options are what a program says of its socket before it binds: all that the kernel looks at when two sockets meet.
type Options struct {
	Protocol  int        // unix.IPPROTO_TCP or unix.IPPROTO_UDP
	Addr      netip.Addr // IPv4: AF_INET; IPv6, v4-mapped included: AF_INET6
	V6Only    bool       // IPV6_V6ONLY, set before bind()
	ReuseAddr bool
	ReusePort bool
	FreeBind  bool   // IP_FREEBIND or IPV6_FREEBIND
	UID       int    // owner of the socket; 0: whoever runs the test. Needs root
	Device    string // SO_BINDTODEVICE; "": none
}

func (o Options) String() string {
	s := o.Addr.String()
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{o.V6Only, " v6only"},
		{o.ReuseAddr, " reuseaddr"},
		{o.ReusePort, " reuseport"},
		{o.FreeBind, " freebind"},
		{o.UID != 0, fmt.Sprintf(" uid %d", o.UID)},
		{o.Device != "", " dev " + o.Device},
	} {
		if flag.set {
			s += flag.name
		}
	}
	return s
}

// Socket makes the socket and sets its options. It is blocking and close-on-exec; the caller closes it.
func (o Options) Socket() (int, error) {
	family, kind := unix.AF_INET6, unix.SOCK_STREAM
	if o.Addr.Is4() {
		family = unix.AF_INET
	}
	if o.Protocol == unix.IPPROTO_UDP {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, o.Protocol)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := o.set(fd, family); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (o Options) set(fd, family int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, number(o.ReuseAddr)); err != nil {
		return os.NewSyscallError("SO_REUSEADDR", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, number(o.ReusePort)); err != nil {
		return os.NewSyscallError("SO_REUSEPORT", err)
	}
	if family == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, number(o.V6Only)); err != nil {
			return os.NewSyscallError("IPV6_V6ONLY", err)
		}
	}
	if o.FreeBind {
		level, option := unix.IPPROTO_IP, unix.IP_FREEBIND
		if family == unix.AF_INET6 {
			level, option = unix.IPPROTO_IPV6, unix.IPV6_FREEBIND
		}
		if err := unix.SetsockoptInt(fd, level, option, 1); err != nil {
			return os.NewSyscallError("IP_FREEBIND", err)
		}
	}
	if o.Device != "" {
		if err := unix.BindToDevice(fd, o.Device); err != nil {
			return os.NewSyscallError("SO_BINDTODEVICE", err)
		}
	}
	return o.giveAway(fd)
}

// giveAway makes the socket look as if its user had made it: since Linux 4.10 the file's owner is the socket's uid too.
func (o Options) giveAway(fd int) error {
	if o.UID == 0 {
		return nil
	}
	return os.NewSyscallError("fchown", unix.Fchown(fd, o.UID, -1))
}

// Bind is Socket and bind() to the address and this port. The error is bind()'s own, an errno, when that was refused.
func (o Options) Bind(port uint16) (int, error) {
	fd, err := o.Socket()
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(o.Addr, port))); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("bind", err)
	}
	return fd, nil
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())}
	}
	return &unix.SockaddrInet6{Addr: a.Addr().As16(), Port: int(a.Port())}
}

// inFamilyOf is the address as a socket of the same family as a's gives it.
func inFamilyOf(a, address netip.Addr) netip.Addr {
	if a.Is4() {
		return address
	}
	return netip.AddrFrom16(address.As16())
}

// localAddr is the socket's own end; a v4-mapped address stays mapped.
func localAddr(fd int) (netip.AddrPort, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, fmt.Errorf("getsockname: unexpected %T", sa)
}
