package unit

import (
	"cmp"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// endpointsOf puts listeners the way -p takes them. One on every address is a port alone; a pair for IPv4 and IPv6 is, too.
func endpointsOf(listeners []sockdiag.Socket) (ports []string, v6Only bool, err error) {
	wild := map[uint16]map[string]bool{}
	var rest []string
	for _, s := range listeners {
		addr, port := s.Local.Addr().Unmap(), s.Local.Port()
		if !addr.IsUnspecified() {
			rest = append(rest, netdiag.Endpoint{Addr: zoned(addr, s.Interface), Port: port}.Argument())
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
	plain := false
	for port, has := range wild {
		switch {
		case has["dual"], has["v4"] && has["v6"]:
			plain = true
			ports = append(ports, strconv.Itoa(int(port)))
		case has["v4"]:
			ports = append(ports, "0.0.0.0:"+strconv.Itoa(int(port)))
		default:
			v6Only = true
			ports = append(ports, "[::]:"+strconv.Itoa(int(port)))
		}
	}
	if v6Only && plain {
		return nil, false, errors.New("listens on IPv6 alone on one port and on both families on another; portguard needs to be told with -p, one of them at a time")
	}
	ports = append(ports, rest...)
	slices.SortFunc(ports, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	return slices.Compact(ports), v6Only, nil
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
