package netdiag

import "portguard/netdiag/sockdiag"

// Flags are what counts of a holder and sock_diag does not show. Each is Unknown until a duplicate of the socket was asked,
// or something else gave it away.
type Flags struct {
	ReuseAddr, ReusePort, V6Only sockdiag.Tristate
	// VRF is the VRF that the socket's device belongs to, 0 for none; Kept is whether its port is kept there (see vrf.go).
	VRF  uint32
	Kept sockdiag.Tristate
	// Settable: SO_REUSEADDR can be set on it. It is asked of connected MPTCP sockets, on which some kernels refuse it.
	Settable sockdiag.Tristate
	// Placeholder: it is one of portguard's, this one or another.
	Placeholder bool
	// Closed: the socket could not be asked, as this user may have no duplicate of it, or nobody on this kernel.
	Closed bool
}

// vrfs are those that the kernel may keep the port in.
func (f Flags) vrfs() []uint32 {
	switch {
	case f.VRF == 0 || f.Kept == sockdiag.No:
		return []uint32{0}
	case f.Kept == sockdiag.Yes:
		return []uint32{f.VRF}
	}
	return []uint32{f.VRF, 0}
}

// Assess applies the conflict rule to a socket of which not everything is known: Yes when bind() of service fails
// because of it whatever the unknown flags are, No when it cannot, Unknown when it depends on them.
func Assess(service Claim, s sockdiag.Socket, f Flags) sockdiag.Tristate {
	if s.Inode == 0 && (s.State == sockdiag.SynRecv || s.State == sockdiag.NewSynRecv) {
		return sockdiag.No // a request for a connection: the port is its listener's
	}
	proto := Protocol(s.Protocol)
	holder := Claim{
		Addr:      s.Local.Addr().WithZone(""),
		Device:    s.Interface,
		UID:       s.UID,
		Listening: s.State == sockdiag.Listen,
		Minisock:  s.Minisock(),
	}
	var yes, no bool
	for _, holder.VRF = range f.vrfs() {
		for _, holder.ReuseAddr = range possible(f.ReuseAddr) {
			for _, holder.ReusePort = range possible(f.ReusePort) {
				for _, holder.V6Only = range possible(f.V6Only) {
					if Conflict(proto, service, holder) {
						yes = true
					} else {
						no = true
					}
				}
			}
		}
	}
	switch {
	case yes && no:
		return sockdiag.Unknown
	case yes:
		return sockdiag.Yes
	}
	return sockdiag.No
}

func possible(t sockdiag.Tristate) []bool {
	switch t {
	case sockdiag.Yes:
		return []bool{true}
	case sockdiag.No:
		return []bool{false}
	}
	return []bool{false, true}
}

// v6Only is the ipv6only flag as far as a socket's record tells it: sock_diag shows it of listening and bound sockets
// only. bind() to one IPv6 address sets it, connect() does not, and either may have come first.
func v6Only(s sockdiag.Socket) sockdiag.Tristate {
	if a := s.Local.Addr(); a.Is4() || a.Is4In6() {
		return sockdiag.No
	}
	return s.V6Only
}
