package listens

import (
	"context"
	"fmt"
	"net/netip"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// Whole adds the IPv4 half of a service that is up by half: many servers make one socket for each family, and go on with [::]
// alone when somebody has their port in IPv4. They listen on all of it after a start that gets it, so all of it is guarded. holder names
// who has a port in IPv4, "" for nobody. notes say what was concluded.
func Whole(listeners []Listener, holder func(port uint16) string) (all []Listener, notes []string) {
	other := map[uint16]bool{} // ports with a listener beside the IPv6 half
	for _, l := range listeners {
		if !sixOnly(l) {
			other[l.Local.Port()] = true
		}
	}
	for _, l := range listeners {
		all = append(all, l)
		port := l.Local.Port()
		if !sixOnly(l) || other[port] {
			continue
		}
		other[port] = true
		who := holder(port)
		if who == "" {
			notes = append(notes, fmt.Sprintf("it listens on [::]:%d alone, not on IPv4; -p %d guards both", port, port))
			continue
		}
		four := l
		four.Local, four.V6Only = netip.AddrPortFrom(netip.IPv4Unspecified(), port), sockdiag.Unknown
		all = append(all, four)
		notes = append(notes, fmt.Sprintf("it listens on [::]:%d alone, and is deaf to IPv4, where %s has the port: both halves are guarded", port, who))
	}
	return all, notes
}

// sixOnly is a listener on every IPv6 address, of any interface, and on no other.
func sixOnly(l Listener) bool {
	return l.Local.Addr() == netip.IPv6Unspecified() && l.V6Only == sockdiag.Yes && l.Interface == 0
}

// WhoHasFour asks who has a port in IPv4. It does not bind it: the service may be about to.
func WhoHasFour(ctx context.Context) func(port uint16) string {
	return func(port uint16) string {
		p := netdiag.NewProber()
		defer p.Close()
		found, err := p.InTheWay(ctx, []netdiag.Endpoint{{Protocol: netdiag.TCP, Addr: netip.IPv4Unspecified(), Port: port}})
		if err != nil || len(found[0]) == 0 {
			return ""
		}
		for _, h := range found[0] {
			if len(h.Owners) > 0 {
				return page.Safe(h.Owners[0].Named())
			}
		}
		return "another socket"
	}
}
