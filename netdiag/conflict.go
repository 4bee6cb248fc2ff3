package netdiag

import "net/netip"

// Claim is what one socket asks of a port, or holds of it: exactly the facts that the kernel reads when it decides
// whether two sockets may share a port (inet_csk_bind_conflict in net/ipv4/inet_connection_sock.c,
// udp_lib_lport_inuse in net/ipv4/udp.c, inet_rcv_saddr_equal in net/ipv4/inet_connection_sock.c).
// Same protocol, port and network namespace are taken for granted.
//
// Endpoint.Claims makes the service's, which Try binds. Assess makes the holder's, of what sock_diag shows and of what is not
// known each possibility, and has Conflict compare the two. Nothing above this package needs one.
type Claim struct {
	// Addr is the address bound. An AF_INET socket has an IPv4 address, an AF_INET6 socket an IPv6 one; a socket of
	// AF_INET6 on an IPv4 address has it v4-mapped.
	Addr netip.Addr
	// V6Only is the socket's ipv6only flag. bind() to one IPv6 address sets it; connect() without bind() does not, nor
	// does accept() from a [::] dual-stack listener.
	V6Only    bool
	Device    uint32 // SO_BINDTODEVICE as interface index, 0 for none
	VRF       uint32 // TCP only: index of the VRF that the kernel keeps the port in, 0 for none
	ReuseAddr bool   // SO_REUSEADDR
	ReusePort bool   // SO_REUSEPORT
	UID       uint32 // owner of the socket's inode, for SO_REUSEPORT
	Listening bool   // TCP only: in state LISTEN
	Minisock  bool   // TCP only: a TIME_WAIT or FIN_WAIT2 record that no process owns
}

// Conflict reports whether bind() of service fails with EADDRINUSE because of holder.
func Conflict(proto Protocol, service, holder Claim) bool {
	if proto == TCP && service.VRF != holder.VRF {
		return false
	}
	if service.Device != 0 && holder.Device != 0 && service.Device != holder.Device {
		return false
	}
	if !overlap(proto, service, holder) {
		return false
	}
	if service.ReuseAddr && holder.ReuseAddr && !(proto == TCP && holder.Listening) {
		return false
	}
	if service.ReusePort && holder.ReusePort && (service.UID == holder.UID || holder.Minisock) {
		return false
	}
	return true
}

// loopback4IPv6 is what the kernel keeps as the IPv4 address of a socket bound to an IPv6 one (LOOPBACK4_IPV6 in
// include/net/ipv6.h). It meets only an AF_INET service on this very address, or on every address.
var loopback4IPv6 = netip.AddrFrom4([4]byte{127, 0, 0, 6})

// overlap is inet_rcv_saddr_equal(service, holder, match_wildcard=true).
func overlap(proto Protocol, service, holder Claim) bool {
	if service.Addr.Is4() {
		return overlap4(service.Addr, v4Of(proto, holder.Addr), holder.V6Only)
	}
	s, h := service.Addr, holder.Addr
	hMapped := h.Is4() || h.Is4In6()
	hAny := !h.Is4() && h.IsUnspecified() // [::]; ::ffff:0.0.0.0 is a mapped address
	switch {
	case s.Is4In6() && hMapped:
		return overlap4(s.Unmap(), h.Unmap(), holder.V6Only)
	case hAny && !(holder.V6Only && s.Is4In6()):
		return true
	case s.IsUnspecified() && !(service.V6Only && hMapped):
		return true
	}
	return s == h
}

func overlap4(service, holder netip.Addr, holderV6Only bool) bool {
	if holderV6Only {
		return false
	}
	return service == holder || service.IsUnspecified() || holder.IsUnspecified()
}

// v4Of is inet_rcv_saddr of a socket with this address, as far as a service on one IPv4 address gets to see it: TCP looks
// only among the sockets of the same address and of every address (bhash2, since Linux 6.1).
func v4Of(proto Protocol, a netip.Addr) netip.Addr {
	switch {
	case a.Is4() || a.Is4In6():
		return a.Unmap()
	case a.IsUnspecified():
		return netip.IPv4Unspecified()
	case proto == UDP:
		return loopback4IPv6
	}
	return netip.Addr{}
}
