package netdiag

import (
	"net/netip"
	"strconv"
	"strings"
)

// Endpoint is what a service will bind: protocol, address, port, and the socket options it will set. The commands make one for
// each port of -p, or of what a unit listens on; it goes unchanged through Try, the rungs and the report.
type Endpoint struct {
	Protocol Protocol
	// Addr is the address bound. The zero value means every address: [::] dual-stack where the host has IPv6, else
	// 0.0.0.0, as most servers do. The IPv6 wildcard says [::] and nothing else.
	Addr netip.Addr
	Port uint16 // host byte order, never 0
	// Device is the name of the device that the socket is bound to by SO_BINDTODEVICE, "" for none. That of a link-local address is
	// its zone.
	Device string
	Options
}

// Options are the socket options that decide whether a bind() succeeds, as far as a person can know them of a service and say
// them by a flag. A new one is an option of the Claim as well, where the conflict rule asks for it, and bind.go sets it.
type Options struct {
	ReuseAddr Reuse
	ReusePort bool // SO_REUSEPORT
	V6Only    bool // IPV6_V6ONLY; without effect on an IPv4 address
	FreeBind  bool // IP_FREEBIND, IPV6_FREEBIND or IP_TRANSPARENT: the host need not have the address
	// Owner is the user who the service will be: SO_REUSEPORT shares a port among the sockets of one user.
	Owner Owner
}

// Owner is a user, by number. The zero value is whoever asks.
type Owner struct {
	Other bool // it may be another than who asks, and is UID
	UID   uint32
}

// Reuse is what is known of the service's SO_REUSEADDR.
type Reuse uint8

// The zero value is "not said": then a TCP trial assumes it, as practically every server sets it, and a UDP verdict does
// not, as practically none does.
const (
	ReuseNotSaid Reuse = iota
	ReuseYes
	ReuseNo
)

// setsReuseAddr says whether the trial, and so the verdict, counts on the service's SO_REUSEADDR.
func (e Endpoint) setsReuseAddr() bool {
	return e.ReuseAddr == ReuseYes || e.ReuseAddr == ReuseNotSaid && e.Protocol == TCP
}

// EveryAddress reports whether the endpoint was given without an address.
func (e Endpoint) EveryAddress() bool { return !e.Addr.IsValid() }

// Address is the address as people write it: "*" for every address.
func (e Endpoint) Address() string {
	if e.EveryAddress() {
		return "*"
	}
	return e.Addr.String()
}

// Bind is the address and port as a bind() would name them: "*:30010", "127.0.0.1:8080", "[::1]:8080", "0.0.0.0%eth0:67".
func (e Endpoint) Bind() string {
	device := ""
	if e.Device != "" {
		device = "%" + e.Device
	}
	a := e.Address()
	if strings.Contains(a, ":") {
		a = "[" + a + "]"
	}
	return a + device + ":" + strconv.Itoa(int(e.Port))
}

// anywhere: it is a port alone.
func (e Endpoint) anywhere() bool { return e.EveryAddress() && e.Device == "" }

// String is the short name used in messages: "30010/tcp", or "127.0.0.1:8080/tcp" when the endpoint has an address or a device.
func (e Endpoint) String() string { return e.Through(e.Port) }

// Through is the name of the endpoint and of those on the ports up to last: "30000-30009/tcp".
func (e Endpoint) Through(last uint16) string { return e.span(last) + "/" + e.Protocol.String() }

// Argument is the endpoint as ParseEndpoints reads it back, but for its options: "30010", "127.0.0.1:8080/udp".
func (e Endpoint) Argument() string { return e.argument(e.Port) }

// argument is that of the endpoint and of those on the ports up to last.
func (e Endpoint) argument(last uint16) string {
	if e.Protocol == UDP {
		return e.span(last) + "/udp"
	}
	return e.span(last)
}

// span is what is bound, on the ports up to last.
func (e Endpoint) span(last uint16) string {
	s := e.Bind()
	if e.anywhere() {
		s = strconv.Itoa(int(e.Port))
	}
	if last > e.Port {
		s += "-" + strconv.Itoa(int(last))
	}
	return s
}

// Arguments are endpoints as ParseEndpoints reads them back in one, but for their options: "30000-30009,127.0.0.1:8080/udp".
func Arguments(all []Endpoint) string {
	var parts []string
	for len(all) > 0 {
		n := 1
		for next := all[0]; n < len(all); n++ {
			if next.Port++; all[n] != next {
				break
			}
		}
		if n < 3 { // two are as short by themselves
			n = 1
		}
		parts = append(parts, all[0].argument(all[n-1].Port))
		all = all[n:]
	}
	return strings.Join(parts, ",")
}

// Key is what of the endpoint counts where addresses do not.
func (e Endpoint) Key() Port { return Port{e.Protocol, e.Port} }

// Claims are the sockets that a service on this endpoint may end up with, the likeliest first: one, except for every
// address, which is [::] dual-stack or, on a host without IPv6, 0.0.0.0. uid is the user who asks.
func (e Endpoint) Claims(uid uint32) []Claim {
	base := Claim{ReuseAddr: e.setsReuseAddr(), ReusePort: e.ReusePort, UID: e.owner(uid)}
	if !e.EveryAddress() {
		base.Addr = e.Addr.WithZone("")
		base.V6Only = e.Addr.Is6() && !e.Addr.Is4In6() && (e.V6Only || !e.Addr.IsUnspecified())
		return []Claim{base}
	}
	v6, v4 := base, base
	v6.Addr, v6.V6Only = netip.IPv6Unspecified(), e.V6Only
	v4.Addr = netip.IPv4Unspecified()
	if e.V6Only {
		return []Claim{v6}
	}
	return []Claim{v6, v4}
}

// owner is whose the service's socket is, when this user asks.
func (e Endpoint) owner(uid uint32) uint32 {
	if e.Owner.Other {
		return e.Owner.UID
	}
	return uid
}

// Overlaps reports whether no service could listen on both endpoints at once, as 127.0.0.1:80 beside *:80.
func (e Endpoint) Overlaps(o Endpoint) bool {
	if e.Protocol != o.Protocol || e.Port != o.Port || e.device() != "" && o.device() != "" && e.device() != o.device() {
		return false
	}
	first := e.Claims(0)[0]
	first.Listening = true
	return Conflict(e.Protocol, o.Claims(0)[0], first)
}

// device is the one that its socket comes to be bound to.
func (e Endpoint) device() string {
	if e.Device != "" {
		return e.Device
	}
	return e.Addr.Zone()
}
