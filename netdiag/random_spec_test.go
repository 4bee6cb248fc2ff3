package netdiag_test

import (
	"math/rand/v2"
	"os"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/holders"
)

// elsewhere is a device on which no holder is.
const elsewhere = "elsewhere0"

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomSpecs are one to six sockets for one port, in an order in which they can be made.
func randomSpecs(r *rand.Rand, protocol netdiag.Protocol) []holders.Spec {
	mixed, all := r.IntN(3) == 0, r.IntN(5) == 0 // of SO_REUSEPORT
	var first, last []holders.Spec
	for range 1 + r.IntN(6) {
		s := randomSpec(r, protocol)
		s.ReusePort = all || mixed && r.IntN(2) == 0
		if s.State == holders.Listen || s.State == holders.Bound && r.IntN(2) == 0 {
			last = append(last, s) // a listener gets the connections that others are made of, and a bound socket keeps connect() off
		} else {
			first = append(first, s)
		}
	}
	return append(first, last...)
}

func randomSpec(r *rand.Rand, protocol netdiag.Protocol) holders.Spec {
	s := holders.Spec{
		State: pick(r, append([]holders.State{
			holders.Bound, holders.Listen, holders.Established, holders.Established, holders.FinWait1, holders.LastAck,
		}, connectionStates...)...),
		Origin: pick(r, holders.Named, holders.Picked, holders.Picked, holders.AcceptedWildcard, holders.AcceptedSpecific),
	}
	if protocol == netdiag.UDP {
		s.State = pick(r, holders.Bound, holders.Established)
	}
	if s.State == holders.TimeWait {
		s.State = holders.FinWait2Orphan // made to TIME_WAIT later, when its other end is known
	}
	bindOnly := s.State == holders.Bound || s.State == holders.Listen
	if accepted := s.Origin != holders.Named && s.Origin != holders.Picked; accepted &&
		(bindOnly || s.State == holders.SynSent || protocol == netdiag.UDP) {
		s.Origin = holders.Named
	}
	addrs := addresses("10.99.0.1", "10.99.0.2", "fd99::1", "fd99::2", "::ffff:10.99.0.1", "::ffff:127.0.0.1", "127.0.0.1", "::1")
	if bindOnly {
		addrs = append(randomAddrs(), absent()...)
		if protocol == netdiag.UDP && s.Origin == holders.Picked {
			addrs = addresses("0.0.0.0", "::")
		}
	}
	s.Options = pick(r, addrs...)
	s.Protocol = int(protocol)
	s.ReuseAddr = r.IntN(2) == 0
	s.UID = pick(r, randomUsers()...)
	if r.IntN(8) == 0 {
		s.Device = "lo" // where all of these addresses are
	}
	return s
}

// randomAddrs are what a server can ask for.
func randomAddrs() []holders.Options {
	return append(bindable(), addresses("127.0.0.1", "::1", "::ffff:127.0.0.1", "::ffff:10.99.0.2")...)
}

// randomUsers are whose a socket may be: ours most often. To give one away takes root of the host.
func randomUsers() []int {
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(ids)), " 4294967295") {
		return []int{0}
	}
	return []int{0, 0, nobody, 1000}
}

func randomService(r *rand.Rand, protocol netdiag.Protocol, port uint16) netdiag.Endpoint {
	e := netdiag.Endpoint{Protocol: protocol, Port: port}
	switch r.IntN(6) {
	case 0:
	case 1:
		e.V6Only = true
	default:
		o := pick(r, append(randomAddrs(), absent()...)...)
		e.Addr, e.V6Only, e.FreeBind = o.Addr, o.V6Only, o.FreeBind
	}
	e.ReuseAddr = pick(r, netdiag.ReuseNotSaid, netdiag.ReuseYes, netdiag.ReuseNo)
	e.ReusePort = r.IntN(3) == 0
	e.Device = pick(r, "", "", "", "", "lo", elsewhere)
	if e.Addr.IsLoopback() && e.Addr.Is6() && e.Device == elsewhere {
		e.Device = "" // ::1 is on loopback alone
	}
	return e
}
