// Package hold answers one question: how is a port kept until the service has it? By a placeholder, which keeps the kernel from
// handing the port out and is in no service's way: while a rung works, while it is waited, over the service's own start, and over
// restarts.
package hold

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// Placeholder is a bound, never listening TCP socket that keeps the kernel from handing a port out. There are some at two times:
// while a rung works or waits, it has its own (ForWork, ForWait), and closes them; and once every endpoint is
// free Take makes one a port, which Inherit leaves to the service, Stored to systemd, or a supervisor keeps.
type Placeholder struct {
	// Endpoints are those that it is for, of one port.
	Endpoints []netdiag.Endpoint
	FD        int // close-on-exec until it is handed on; -1: there is none
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

// Placeholders are those of several ports.
type Placeholders []Placeholder

// FDs are the descriptors of those that there are.
func (all Placeholders) FDs() []int {
	var some []int
	for _, p := range all {
		if p.FD >= 0 {
			some = append(some, p.FD)
		}
	}
	return some
}

func (p *Placeholder) port() netdiag.Port { return p.Endpoints[0].Key() }

// place binds a placeholder for endpoints of one port, at the first address of the plan that can be had.
func place(binder netdiag.Binder, endpoints []netdiag.Endpoint, where []netip.Addr) Placeholder {
	p := Placeholder{Endpoints: endpoints, FD: -1}
	noIPv6 := false // for the host or, where a rule says so, for us
	for _, a := range where {
		if noIPv6 && a.Is6() {
			continue
		}
		fd, err := binder.Beside(endpoints[0], a)
		if err == nil {
			p.FD, p.Where, p.Why = fd, a, ""
			return p
		}
		noIPv6 = err == unix.EAFNOSUPPORT || err == unix.EPERM && a.Is6()
		switch {
		case p.Why != "":
		case err == unix.EPERM:
			p.Why = fmt.Sprintf("a rule of this cgroup (SocketBindDeny=) forbids %s, which would be out of the service's way; SocketBindAllow=tcp:%d beside it allows it",
				netip.AddrPortFrom(a, endpoints[0].Port), endpoints[0].Port)
		case noIPv6:
			p.Why = "this host has no IPv6, and an IPv4 one could be in the service's way (--reuseaddr yes if it sets SO_REUSEADDR)"
		default:
			p.Why = "bind " + netip.AddrPortFrom(a, endpoints[0].Port).String() + ": " + err.Error()
		}
	}
	return p
}

func (p *Placeholder) drop() {
	if p.FD >= 0 {
		unix.Close(p.FD)
	}
	p.FD = -1
}
