package listens

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// Endpoints are the endpoints of listeners. One on every address has no address; a pair for IPv4 and IPv6 has none, either.
func Endpoints(listeners []Listener) ([]netdiag.Endpoint, error) {
	type place struct {
		device string
		port   uint16
	}
	wild := map[place]map[string]bool{}
	var all []netdiag.Endpoint
	add := func(addr netip.Addr, at place) {
		all = append(all, onDevice(netdiag.Endpoint{Protocol: netdiag.TCP, Addr: addr, Port: at.port}, at.device))
	}
	for _, s := range listeners {
		addr, at := s.Local.Addr().Unmap(), place{netdiag.DeviceName(s.Interface), s.Local.Port()}
		if !addr.IsUnspecified() {
			add(addr, at)
			continue
		}
		if wild[at] == nil {
			wild[at] = map[string]bool{}
		}
		switch {
		case addr.Is4():
			wild[at]["v4"] = true
		case s.V6Only == sockdiag.Yes:
			wild[at]["v6"] = true
		default:
			wild[at]["dual"] = true
		}
	}
	plain, v6Only := false, false
	for at, has := range wild {
		switch {
		case has["dual"], has["v4"] && has["v6"]:
			plain = true
			add(netip.Addr{}, at)
		case has["v4"]:
			add(netip.IPv4Unspecified(), at)
		default:
			v6Only = true
			add(netip.IPv6Unspecified(), at)
		}
	}
	if v6Only && plain {
		return nil, errors.New("listens on IPv6 alone on one port and on both families on another; portguard needs to be told with -p, one of them at a time")
	}
	reusePort := Every(listeners, func(f netdiag.Flags) sockdiag.Tristate { return f.ReusePort }, sockdiag.Yes)
	freeBind := slices.ContainsFunc(listeners, func(l Listener) bool { return l.FreeBind }) // nothing to a socket on an address that is there
	for i := range all {
		all[i].V6Only, all[i].ReusePort, all[i].FreeBind = v6Only, reusePort, freeBind
	}
	slices.SortFunc(all, func(a, b netdiag.Endpoint) int {
		return cmp.Or(cmp.Compare(len(a.Argument()), len(b.Argument())), strings.Compare(a.Argument(), b.Argument()))
	})
	return slices.Compact(all), nil
}

// onDevice adds the device, which is the zone of a link-local address.
func onDevice(e netdiag.Endpoint, device string) netdiag.Endpoint {
	if e.Addr.Is6() && e.Addr.IsLinkLocalUnicast() {
		e.Addr = e.Addr.WithZone(device)
	} else {
		e.Device = device
	}
	return e
}
