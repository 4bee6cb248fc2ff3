// Package risk answers: how likely is it that the kernel gives a service's port away while the service is down? It is a
// model of how Linux picks ports (__inet_hash_connect in net/ipv4/inet_hashtables.c, inet_csk_find_open_port in
// inet_connection_sock.c, udp_lib_get_port in udp.c), fed with two looks at the socket tables. It does no I/O.
package risk

import (
	"math"
	"net/netip"
	"time"

	"portguard/netdiag/portrange"
)

// Route is what the kernel picks a connection's port by: the port has to be new to the route only, so that connections of
// different routes share one.
type Route struct {
	From netip.Addr
	To   netip.AddrPort
}

// Pick is a port that the kernel picked for a TCP connection, and that the connection or its TIME_WAIT still holds.
type Pick struct {
	Port uint16
	Route
}

// Holding is what holds a port that was picked.
type Holding struct {
	Remains bool   // of a closed connection
	Cookie  uint64 // tells it from another that has the same ends later; 0 where that is not known
}

// follows reports whether it is what was there before: the same, or what is left of the same. Another connection may have the same ends by now,
// where one destination has nearly all ports.
func (h Holding) follows(before Holding) bool {
	return h.Cookie == before.Cookie || h.Remains && !before.Remains
}

// Look is what the socket tables show at one moment, of the sockets of one VRF: each has TCP ports of its own.
type Look struct {
	TCP map[Pick]Holding
	UDP map[uint16]uint64 // the cookies of UDP sockets that did not ask for a port, by the one that they have
	// Bound are the TCP ports that some socket was bind()ed to, on whatever address: connect() passes by all of them.
	Bound portrange.Set
	// BoundUDP are the UDP ports that were asked for by number.
	BoundUDP portrange.Set
}

// Estimate is a chance between 0 and 1.
type Estimate struct {
	Chance float64
	// Below bounds the chance at 95 %, as far as the counting of new connections goes: they come at random.
	Below float64
}

// Or is the greater of two: of a service that loses its port in one place or another.
func (e Estimate) Or(o Estimate) Estimate {
	return Estimate{Chance: max(e.Chance, o.Chance), Below: max(e.Below, o.Below)}
}

// flow is how many picks there are of one kind: those held at the end, and those of them that were new. Of both, what
// is left of closed connections is counted apart: it stays for a fixed time, while connections end at random.
type flow struct{ held, fresh, remains, freshRemains int }

func (f *flow) add(fresh, remains bool) {
	switch {
	case remains && fresh:
		f.freshRemains++
		fallthrough
	case remains:
		f.remains++
	case fresh:
		f.fresh++
		fallthrough
	default:
		f.held++
	}
}

func (f *flow) join(o flow) {
	f.held, f.fresh, f.remains, f.freshRemains = f.held+o.held, f.fresh+o.fresh, f.remains+o.remains, f.freshRemains+o.freshRemains
}

func (f flow) all() int      { return f.held + f.remains }
func (f flow) allFresh() int { return f.fresh + f.freshRemains }

// expected is how many of the picks made in down are still held at its end.
func (f flow) expected(down, period time.Duration) float64 {
	id := func(n int) float64 { return float64(n) }
	return f.lasting(id, down, period)
}

// atMost bounds that number at 95 %.
func (f flow) atMost(down, period time.Duration) float64 {
	if f.remains == 0 {
		return flow{held: f.held, fresh: f.fresh}.lasting(upper, down, period)
	}
	return f.lasting(upper, down, period)
}

// lasting goes by a steady state, in which no more are held at a time than are now. Connections that end at random
// approach that number as a capacitor does its voltage; TIME_WAIT gets there in a straight line.
func (f flow) lasting(counted func(int) float64, down, period time.Duration) float64 {
	periods := down.Seconds() / period.Seconds()
	var n float64
	if f.remains > 0 {
		n = min(counted(f.freshRemains)*periods, counted(f.remains))
	}
	held, fresh := counted(f.held), counted(f.fresh)
	if held == 0 {
		return n
	}
	return n + held*(1-math.Pow(1-min(1, fresh/held), periods))
}

// upper is the 95 % bound of a Poisson mean of which n were counted (Wilson and Hilferty): 3 where nothing was.
func upper(n int) float64 {
	const z = 1.645
	k := float64(n) + 1
	return k * math.Pow(1-1/(9*k)+z/(3*math.Sqrt(k)), 3)
}

// anyOf is the chance that at least one of n independent picks lands where each lands with the given share.
func anyOf(n, share float64) float64 {
	if share >= 1 {
		return min(n, 1)
	}
	return -math.Expm1(n * math.Log1p(-share))
}
