package nat

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

// glance is what is seen at once of the packets that a rule is for: to which ports they go at most, and to which address. kube-proxy
// writes tens of thousands of rules, and for a port there are a handful.
type glance struct {
	low, high uint16
	to        netip.Addr // the zero value: any
}

// misses reports whether the rule is surely not for a packet.
func (g glance) misses(p packet) bool {
	return p.port < g.low || p.port > g.high || g.to.IsValid() && g.to != p.to && g.to.Is4() == p.to.Is4()
}

// glanceAt reads the conditions that a rule begins with. It ends where something else may stand.
func glanceAt(rule []expression) glance {
	g := glance{high: 0xffff}
	conditions := []string{"counter", "comment", "meta", "payload", "bitwise", "fib", "range", "cmp", "match"}
	for i, e := range rule {
		switch {
		case !slices.Contains(conditions, e.name):
			return g
		case e.name == "cmp" && i > 0:
			g.compare(rule[i-1], e)
		case e.name == "match":
			g.match(e)
		}
	}
	return g
}

// compare is about a field of a packet that is to have a value.
func (g *glance) compare(load, with expression) {
	number := func(e expression, kind uint16) int { n, _ := e.attrs.Number(kind); return int(n) }
	if load.name != "payload" || number(load, unix.NFTA_PAYLOAD_DREG) != number(with, unix.NFTA_CMP_SREG) || number(with, unix.NFTA_CMP_OP) != unix.NFT_CMP_EQ {
		return
	}
	value := with.attrs.In(unix.NFTA_CMP_DATA)[unix.NFTA_DATA_VALUE]
	type field struct{ base, offset, length int }
	at := field{number(load, unix.NFTA_PAYLOAD_BASE), number(load, unix.NFTA_PAYLOAD_OFFSET), number(load, unix.NFTA_PAYLOAD_LEN)}
	if len(value) != at.length {
		return
	}
	switch at {
	case field{unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2}:
		g.ports(binary.BigEndian.Uint16(value), binary.BigEndian.Uint16(value))
	case field{unix.NFT_PAYLOAD_NETWORK_HEADER, 16, 4}, field{unix.NFT_PAYLOAD_NETWORK_HEADER, 24, 16}:
		g.to, _ = netip.AddrFromSlice(value)
	}
}

// match is about iptables' own.
func (g *glance) match(e expression) {
	info := e.attrs[unix.NFTA_MATCH_INFO]
	if _, flagsAt, ok := ofPorts(e.attrs.Text(unix.NFTA_MATCH_NAME)); ok && len(info) > flagsAt && info[flagsAt]&inverseTo == 0 {
		g.ports(binary.NativeEndian.Uint16(info[4:]), binary.NativeEndian.Uint16(info[6:]))
	}
}

func (g *glance) ports(low, high uint16) { g.low, g.high = max(g.low, low), min(g.high, high) }
