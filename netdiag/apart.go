package netdiag

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// settle finds out, as far as it can, which of the candidates that are bound to a device of a VRF the kernel keeps there. It
// takes a bind() where the service would be, of an address that only this socket would stand in the way of.
func (t *tables) settle(f *Finding) {
	if len(t.vrfs) == 0 || f.Endpoint.Protocol != TCP {
		return
	}
	n := 0
	for s := range t.candidates(f) {
		flags := t.flagsOf(s)
		if flags.VRF == 0 || flags.Kept != sockdiag.Unknown {
			continue
		}
		if n++; n > maxProbed {
			return
		}
		service := f.Trial.Claim
		switch t.together(service, s) {
		case sockdiag.Yes:
			t.kept[idOf(s)] = tristate(flags.VRF == service.VRF)
		case sockdiag.No:
			t.kept[idOf(s)] = tristate(flags.VRF != service.VRF)
		}
	}
}

// together reports whether a socket's port is kept with the service's.
func (t *tables) together(service Claim, s sockdiag.Socket) sockdiag.Tristate {
	a := coveredBy(s)
	verdict := tryAddress(a, s.Local.Port(), service.Device)
	switch {
	case verdict == Free:
		return sockdiag.No
	case verdict != Taken:
		return sockdiag.Unknown
	}
	probe := Claim{Addr: a, V6Only: a.Is6(), Device: service.Device, VRF: service.VRF}
	alone := t.complete
	for _, o := range t.onPort(s) {
		if idOf(o) == idOf(s) || Assess(probe, o, t.flagsOf(o)) == sockdiag.No {
			continue
		}
		alone = false
		if t.excludes(service, o, s) {
			return sockdiag.No
		}
	}
	if alone {
		return sockdiag.Yes
	}
	return sockdiag.Unknown
}

// excludes reports whether a listener that is kept with the service's keeps another from being there, too: listen() refuses
// the second of two that overlap, but for SO_REUSEPORT on both.
func (t *tables) excludes(service Claim, o, s sockdiag.Socket) bool {
	flagsO, flagsS := t.flagsOf(o), t.flagsOf(s)
	vrfs := flagsO.vrfs()
	if o.State != sockdiag.Listen || s.State != sockdiag.Listen || len(vrfs) != 1 || vrfs[0] != service.VRF ||
		flagsO.ReusePort != sockdiag.No && flagsS.ReusePort != sockdiag.No {
		return false
	}
	second := Claim{Addr: o.Local.Addr().WithZone(""), V6Only: flagsO.V6Only == sockdiag.Yes, Device: o.Interface, VRF: service.VRF}
	flagsS.Kept = tristate(flagsS.VRF == service.VRF)
	return Assess(second, s, flagsS) == sockdiag.Yes
}

// onPort are all sockets on the port of one, portguard's own included.
func (t *tables) onPort(s sockdiag.Socket) []sockdiag.Socket {
	all := t.byPort[portKey{Protocol(s.Protocol), s.Local.Port()}]
	for _, o := range t.own {
		if o.Protocol == s.Protocol && o.Local.Port() == s.Local.Port() {
			all = append(all[:len(all):len(all)], o)
		}
	}
	return all
}

// coveredBy is an address that a socket stands in the way of, and hardly anybody else does: its own, or of every address one
// that is unused.
func coveredBy(s sockdiag.Socket) netip.Addr {
	a := s.Local.Addr().WithZone("").Unmap()
	switch {
	case !a.IsUnspecified():
		return a
	case a.Is4() || s.V6Only == sockdiag.No:
		return unused(true)
	}
	return unused(false)
}

// unused is an address that no program uses, nor portguard itself: of the loopback network, or of the discard prefix 100::/64.
func unused(four bool) netip.Addr {
	if four {
		return netip.AddrFrom4([4]byte{127, 255, 255, 253})
	}
	return netip.AddrFrom16([16]byte{0: 1, 15: 2})
}

// tryAddress is the kernel's answer to bind() of an address, whether or not the host has it, without an option to share.
func tryAddress(a netip.Addr, port uint16, device uint32) Verdict {
	s, err := NewBinder().open(TCP, a)
	if err != nil {
		return Unknown
	}
	defer unix.Close(s.fd)
	if boundDevice(s.fd) != device && unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, int(device)) != nil ||
		s.freebind() != nil {
		return Unknown
	}
	switch s.bind(a, port) {
	case nil:
		return Free
	case unix.EADDRINUSE:
		return Taken
	}
	return Unknown
}
