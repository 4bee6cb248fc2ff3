package netdiag

import (
	"errors"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"portguard/netdiag/direct"
)

// Binder binds sockets for trials and placeholders, of which there may be thousands: what is one fact for all of them was asked once.
type Binder struct {
	calls direct.Calls
	uid   uint32 // the user who asks
}

// NewBinder is for the user and the seccomp filter that there are now.
func NewBinder() Binder { return Binder{direct.New(), uint32(unix.Geteuid())} }

// unbound is a new socket, close-on-exec: whatever portguard binds begins as one.
type unbound struct {
	by         Binder
	fd, family int
}

func (b Binder) open(protocol Protocol, addr netip.Addr) (unbound, error) {
	s, typ := unbound{by: b, family: unix.AF_INET6}, unix.SOCK_STREAM
	if addr.Is4() {
		s.family = unix.AF_INET
	}
	if protocol == UDP {
		typ = unix.SOCK_DGRAM
	}
	var err error
	s.fd, err = s.by.calls.Socket(s.family, typ|unix.SOCK_CLOEXEC, int(protocol))
	return s, err
}

// set sets the options that a claim names. UDP's reuse options would steal a live holder's datagrams: they are never set.
func (s unbound) set(protocol Protocol, c Claim) error {
	if protocol == TCP && c.ReuseAddr {
		if err := s.by.calls.Set(s.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if protocol == TCP && c.ReusePort {
		if err := s.by.calls.Set(s.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
		if err := s.own(c.UID); err != nil {
			return &stepError{Owning, err}
		}
	}
	if s.family == unix.AF_INET6 && !c.Addr.Is4In6() {
		v6only := 0
		if c.V6Only {
			v6only = 1
		}
		return s.by.calls.Set(s.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v6only)
	}
	return nil
}

// to binds it to a device, before any address. It takes CAP_NET_RAW before Linux 5.7, and where it is bound to one already, as by
// `ip vrf exec`.
func (s unbound) to(device string) error {
	if device == "" {
		return nil
	}
	if err := unix.BindToDevice(s.fd, device); err != nil {
		return &stepError{ToDevice, err}
	}
	return nil
}

// own makes it a socket of this user's, as far as bind() is concerned, which goes by the owner of the socket's inode. To another
// user's it takes CAP_CHOWN.
func (s unbound) own(uid uint32) error {
	if uid == s.by.uid {
		return nil
	}
	return unix.Fchown(s.fd, int(uid), -1)
}

// freebind does without the host's having the address.
func (s unbound) freebind() error {
	if s.family == unix.AF_INET {
		return s.by.calls.Set(s.fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
	}
	return s.by.calls.Set(s.fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
}

// bind binds it, to an address that may have a zone.
func (s unbound) bind(addr netip.Addr, port uint16) error {
	if s.family == unix.AF_INET {
		return s.by.calls.Bind(s.fd, netip.AddrPortFrom(addr, port), 0)
	}
	zone, err := zoneID(s.fd, addr.Zone())
	if err != nil {
		return err
	}
	return s.by.calls.Bind(s.fd, netip.AddrPortFrom(addr, port), zone)
}

// zoneID is the interface index of a zone, which is its name or its number; ENODEV when no interface has the name.
func zoneID(fd int, zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	request, err := unix.NewIfreq(zone)
	if err != nil {
		return 0, err
	}
	err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request)
	return request.Uint32(), err
}

// Beside binds a TCP socket to the endpoint's port at an address that the service does not bind, and that the host need
// not have. It shares the port wherever the service would: it is a placeholder, and marked. The caller closes it.
func (b Binder) Beside(e Endpoint, where netip.Addr) (int, error) {
	s, err := b.open(TCP, where)
	if err != nil {
		return -1, err
	}
	// Where the host's IPv6 is switched off by sysctl it has no ::1. Who cannot do without finds out when it binds.
	_ = s.freebind()
	if err = s.to(e.Device); err != nil { // else it would be among the ports of another VRF, perhaps
		s.by.calls.Close(s.fd)
		return -1, errors.Unwrap(err)
	}
	err = s.set(TCP, Claim{Addr: where, V6Only: true, ReuseAddr: true, ReusePort: e.ReusePort, UID: e.owner(b.uid)})
	if err == nil {
		err = s.bind(where, e.Port)
	}
	if err != nil {
		s.by.calls.Close(s.fd)
		return -1, err
	}
	b.Mark(s.fd)
	return s.fd, nil
}
