package unit

import (
	"context"
	"fmt"
	"net/netip"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/netdiag/sockdiag"
)

// completed adds the IPv4 half of a service that is up by half: many servers make one socket for each family, and go on with [::]
// alone when somebody has their port in IPv4. They listen on all of it after a start that gets it, so all of it is guarded. holder names
// who has a port in IPv4, "" for nobody. notes say what was concluded.
func completed(listeners []listener, holder func(port uint16) string) (all []listener, notes []string) {
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
func sixOnly(l listener) bool {
	return l.Local.Addr() == netip.IPv6Unspecified() && l.V6Only == sockdiag.Yes && l.Interface == 0
}

// holdersOfHalf asks who has a port in IPv4.
func holdersOfHalf(ctx context.Context) func(port uint16) string {
	return func(port uint16) string {
		f := netdiag.Finding{Endpoint: netdiag.Endpoint{Protocol: netdiag.TCP, Addr: netip.IPv4Unspecified(), Port: port}}
		f.Trial = netdiag.Try(f.Endpoint)
		defer f.Trial.Close()
		if f.Trial.Verdict != netdiag.Taken {
			return ""
		}
		p := netdiag.NewProber()
		defer p.Close()
		p.LetGo()
		if err := p.Explain(ctx, []*netdiag.Finding{&f}); err != nil || f.Trial.Verdict != netdiag.Taken {
			return ""
		}
		for _, h := range f.Holders {
			if len(h.Owners) > 0 {
				return fmt.Sprintf("%s (pid %d)", cli.Safe(h.Owners[0].Command), h.Owners[0].PID)
			}
		}
		return "another socket"
	}
}
