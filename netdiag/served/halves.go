package served

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// both are the families in which sockets listen.
type both struct{ four, six bool }

func families(sockets []sockdiag.Socket) both {
	var b both
	for _, s := range sockets {
		f := familiesOf(s)
		b.four, b.six = b.four || f.four, b.six || f.six
	}
	return b
}

// familiesOf goes by the address. Where nothing tells whether [::] is for IPv6 alone, as in /proc/net, it is for both.
func familiesOf(s sockdiag.Socket) both {
	a := s.Local.Addr()
	switch {
	case a.Unmap().Is4():
		return both{four: true}
	case a.IsUnspecified():
		return both{four: s.V6Only != sockdiag.Yes, six: true}
	}
	return both{six: true}
}

// halved reports whether a service may listen on one half of an endpoint alone: it is of both families.
func halved(e netdiag.Endpoint) bool {
	return !e.V6Only && (e.EveryAddress() || e.Addr == netip.IPv6Unspecified())
}

// twin is the address of the other family that goes with those of the sockets, which are all of one.
func twin(sockets []sockdiag.Socket, four bool) netip.Addr {
	loopback := true
	for _, s := range sockets {
		loopback = loopback && s.Local.Addr().Unmap().IsLoopback()
	}
	switch {
	case four && loopback:
		return netip.IPv6Loopback()
	case four:
		return netip.IPv6Unspecified()
	case loopback:
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv4Unspecified()
}

// serves reports whether a socket is what the endpoint says: on its address, or on every address of the family. An endpoint
// without an address is content with any: it says no more than the port. Of an endpoint with two halves either will do.
func serves(s sockdiag.Socket, e netdiag.Endpoint) bool {
	switch {
	case s.Protocol != uint8(e.Protocol) || s.Local.Port() != e.Port:
		return false
	case e.Device != "" && netdiag.DeviceName(s.Interface) != e.Device:
		return false
	case e.EveryAddress():
		return !e.V6Only || familiesOf(s).six
	}
	local, want := s.Local.Addr().Unmap(), e.Addr.WithZone("").Unmap()
	switch {
	case local == want:
		return true
	case !local.IsUnspecified():
		return false
	case halved(e):
		return true
	}
	return local.Is4() == want.Is4() || want.Is4() && s.Family == unix.AF_INET6 && s.V6Only != sockdiag.Yes
}
