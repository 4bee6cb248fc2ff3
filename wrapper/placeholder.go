package wrapper

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// Placeholder is a bound, never listening TCP socket that keeps the kernel from handing a port out. There are some at two times:
// while a rung works or waits, the Guard has its own (guardsFor, keepConnectOff), and closes them; and once every endpoint is
// free Hold makes one each, which Inherit leaves to the service, Stored to systemd, or a supervisor keeps.
type Placeholder struct {
	Endpoint netdiag.Endpoint
	FD       int // close-on-exec until it is handed on; -1: there is none
	// Where is the address it is bound to.
	Where netip.Addr
	// Covers: it is bound to what the service binds, so it keeps bind() to port 0 and explicit bind()s out as well. The
	// service must set SO_REUSEADDR then. Otherwise it keeps connect() out, and stands in no service's way.
	Covers bool
	// Why says why there is none.
	Why string
	// NoRoom: it is the limit on open files.
	NoRoom bool
}

// beside is where a placeholder is in nobody's way: a loopback address of the family that the service does not bind, or
// [::1] by itself. It is bound with SO_REUSEADDR and free of the need that the host has the address.
//
// A bound socket on any address of a port keeps every connect() of the network namespace off the port.
func beside(e netdiag.Endpoint) (addr netip.Addr, why string) {
	loopback4, loopback6 := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	dual := e.EveryAddress() || e.Addr == netip.IPv6Unspecified()
	switch {
	case e.Protocol == netdiag.UDP:
		return netip.Addr{}, "a UDP socket would receive the service's datagrams"
	case dual && e.V6Only, !dual && e.Addr.Is6() && !e.Addr.Is4In6():
		return loopback4, ""
	case dual && e.ReuseAddr == netdiag.ReuseNo:
		return netip.Addr{}, "every placeholder is in the way of a [::] dual-stack service without SO_REUSEADDR (one that binds IPv4 alone: -p 0.0.0.0:PORT)"
	}
	return loopback6, ""
}

// place binds a placeholder beside the endpoint.
func place(e netdiag.Endpoint) Placeholder {
	p := Placeholder{Endpoint: e, FD: -1}
	if p.Where, p.Why = beside(e); p.Why != "" {
		return p
	}
	fd, err := netdiag.BindBeside(e, p.Where)
	if err == unix.EADDRINUSE { // by a socket that the service does not mind
		p.Where = unused(p.Where)
		fd, err = netdiag.BindBeside(e, p.Where)
	}
	if err != nil {
		p.Why = "bind " + netip.AddrPortFrom(p.Where, e.Port).String() + ": " + err.Error()
		if err == unix.EAFNOSUPPORT {
			p.Why = "this host has no IPv6, and an IPv4 one could be in the service's way (--reuseaddr yes if it sets SO_REUSEADDR)"
		}
		return p
	}
	p.FD = fd
	return p
}

// unused is an address of the same family that no program uses: the end of 127.0.0.0/8, or of the discard prefix 100::/64.
func unused(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte{127, 255, 255, 254})
	}
	return netip.AddrFrom16([16]byte{0: 1, 15: 1})
}

// placeholders are those of several endpoints.
type placeholders []Placeholder

// guardsFor are the placeholders for endpoints that a rung is about to work on; none is bound yet. As the trials set
// SO_REUSEADDR, there may be one in each family, and these keep bind() to port 0 out as well. They are on addresses that no
// program uses: there, they are in no holder's way and no holder is in theirs.
func guardsFor(outcomes []*Outcome) placeholders {
	var all placeholders
	for _, o := range outcomes {
		for _, where := range guardAddrs(o.Endpoint) {
			all = append(all, Placeholder{Endpoint: o.Endpoint, FD: -1, Where: where})
		}
	}
	return all
}

func guardAddrs(e netdiag.Endpoint) []netip.Addr {
	switch where, why := beside(e); {
	case e.Protocol == netdiag.UDP, e.ReuseAddr == netdiag.ReuseNo && why != "":
		return nil
	case e.ReuseAddr == netdiag.ReuseNo:
		return []netip.Addr{unused(where)}
	}
	return []netip.Addr{unused(netip.IPv4Unspecified()), unused(netip.IPv6Unspecified())}
}

// bindAll binds those that are not bound yet, as far as it can be done.
func (g *Guard) bindAll(all placeholders) {
	for i := range all {
		p := &all[i]
		if p.FD >= 0 {
			continue
		}
		if !g.guard(p) {
			return
		}
	}
}

// guard binds one if it can be done, and reports whether there is room for more.
func (g *Guard) guard(p *Placeholder) bool {
	fd, err := netdiag.BindBeside(p.Endpoint, p.Where)
	if err != nil {
		return true
	}
	if !g.room.allows(fd) {
		unix.Close(fd)
		return false
	}
	p.FD = fd
	g.prober.Ignore(fd)
	return true
}

// keepConnectOff binds one placeholder for each outcome that can have one, so that no new connection is given a port which
// is waited for: on a busy host there would always be another. It is on an address that no program uses, of the family in
// which the service will not mind it, for the port's holders may come and go as they like.
func (g *Guard) keepConnectOff(outcomes []*Outcome) placeholders {
	all := make(placeholders, len(outcomes))
	for i, o := range outcomes {
		all[i] = Placeholder{Endpoint: o.Endpoint, FD: -1}
	}
	for i := range all {
		p := &all[i]
		where, why := beside(p.Endpoint)
		if p.Where = unused(where); why == "" && !g.guard(p) {
			break
		}
	}
	return all
}

func (all placeholders) close() {
	for i := range all {
		all[i].drop()
	}
}

func (p *Placeholder) drop() {
	if p.FD >= 0 {
		unix.Close(p.FD)
	}
	p.FD = -1
}
