package unit

import (
	"cmp"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// endpointsOf are the endpoints of listeners. One on every address has no address; a pair for IPv4 and IPv6 has none, either.
func endpointsOf(listeners []sockdiag.Socket) ([]netdiag.Endpoint, error) {
	wild := map[uint16]map[string]bool{}
	var all []netdiag.Endpoint
	add := func(addr netip.Addr, port uint16) {
		all = append(all, netdiag.Endpoint{Protocol: netdiag.TCP, Addr: addr, Port: port})
	}
	for _, s := range listeners {
		addr, port := s.Local.Addr().Unmap(), s.Local.Port()
		if !addr.IsUnspecified() {
			add(zoned(addr, s.Interface), port)
			continue
		}
		if wild[port] == nil {
			wild[port] = map[string]bool{}
		}
		switch {
		case addr.Is4():
			wild[port]["v4"] = true
		case s.V6Only == sockdiag.Yes:
			wild[port]["v6"] = true
		default:
			wild[port]["dual"] = true
		}
	}
	plain, v6Only := false, false
	for port, has := range wild {
		switch {
		case has["dual"], has["v4"] && has["v6"]:
			plain = true
			add(netip.Addr{}, port)
		case has["v4"]:
			add(netip.IPv4Unspecified(), port)
		default:
			v6Only = true
			add(netip.IPv6Unspecified(), port)
		}
	}
	if v6Only && plain {
		return nil, errors.New("listens on IPv6 alone on one port and on both families on another; portguard needs to be told with -p, one of them at a time")
	}
	for i := range all {
		all[i].V6Only = v6Only
	}
	slices.SortFunc(all, func(a, b netdiag.Endpoint) int {
		return cmp.Or(cmp.Compare(len(a.Argument()), len(b.Argument())), strings.Compare(a.Argument(), b.Argument()))
	})
	return slices.Compact(all), nil
}

// zoned adds the interface, which a link-local address needs.
func zoned(addr netip.Addr, index uint32) netip.Addr {
	if !addr.Is6() || !addr.IsLinkLocalUnicast() {
		return addr
	}
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return addr.WithZone(i.Name)
	}
	return addr
}
