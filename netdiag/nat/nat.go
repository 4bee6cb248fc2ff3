// Package nat answers: does the firewall send a port's clients elsewhere, before any socket of this network namespace sees them? A service
// binds such a port and listens, and nobody comes: a DNAT or a redirect of nftables, iptables, docker without its proxy, or Kubernetes.
//
// It plays a client's first packet to the rules of all nat chains, as far as they can be known: whose client it is, and by which interface it
// comes, is open. What is not seen is in Unread: iptables-legacy, and everything without CAP_NET_ADMIN; IPVS, eBPF programs (Cilium) and tproxy
// show nowhere here.
package nat

import (
	"cmp"
	"net/netip"
	"slices"
)

// Rules are those of a network namespace that may send packets elsewhere, with all that they look up.
type Rules struct {
	chains map[chainID]*chain
	// entries are the chains that packets enter at a hook, in the order in which they do.
	entries map[int][]chainID
	sets    map[setID]*set
	// addresses are the host's own, to one of which a client's packet goes.
	addresses []netip.Addr
	// Unread names the programs whose rules there are, or may be, and have not been read.
	Unread []string
}

// Known reports whether what was found for a port tells where its clients get to: nothing does not, where rules are unread.
func (r *Rules) Known(found []Diversion) bool { return len(found) > 0 || len(r.Unread) == 0 }

// chainID and setID name what a table has. Family is NFPROTO_IPV4, NFPROTO_IPV6 or NFPROTO_INET.
type (
	chainID struct {
		family      uint8
		table, name string
	}
	setID chainID
)

// chain is a list of rules. Packets enter it where it has a hook; else other chains jump to it.
type chain struct {
	hook  int // NF_INET_PRE_ROUTING, NF_INET_LOCAL_OUT; -1 for none
	rank  int32
	rules []rule
}

// rule is for the packets that meet all of its conditions.
type rule struct {
	glance
	expressions []expression
}

// Diversion is what a rule does with a port's clients.
type Diversion struct {
	Family, Table, Chain string // "ip", "nat", "DOCKER"
	// To is where clients get to instead: without an address the same host's, port 0: the same port. The zero value is not known.
	// Of a range of addresses or ports it has the first, and Last the last; else Last is the same.
	To, Last netip.AddrPort
	// Local: clients of this host; else those of others.
	Local bool
	// Some: the rule is for some clients only, by where they come from or which of the host's addresses they ask for.
	Some bool
}

// Rule names it as nft(8) would be asked for it.
func (d Diversion) Rule() string { return d.Family + " " + d.Table + " " + d.Chain }

// Of are the diversions of a port, once for each rule's chain and target. The protocol is IPPROTO_TCP or IPPROTO_UDP; without an address it is asked
// for all that the host has.
func (r *Rules) Of(protocol uint8, address netip.Addr, port uint16) []Diversion {
	return append(r.at(hookPrerouting, protocol, address, port), r.at(hookOutput, protocol, address, port)...)
}

// enter finds the chains that packets enter. It is for the last chain that is added.
func (r *Rules) enter() {
	r.entries = map[int][]chainID{}
	for id, c := range r.chains {
		if c.hook >= 0 {
			r.entries[c.hook] = append(r.entries[c.hook], id)
		}
	}
	for _, all := range r.entries {
		slices.SortFunc(all, func(a, b chainID) int {
			return cmp.Or(cmp.Compare(r.chains[a].rank, r.chains[b].rank), cmp.Compare(a.table, b.table), cmp.Compare(a.name, b.name))
		})
	}
}

// at plays packets to each of the addresses that a client can ask for, and makes one of what happens to several.
func (r *Rules) at(hook int, protocol uint8, address netip.Addr, port uint16) []Diversion {
	if len(r.entries[hook]) == 0 {
		return nil // as on most hosts, and thousands of ports may be asked about
	}
	asked := map[bool]int{} // addresses, of IPv4 and else
	surely := map[Diversion]map[bool]int{}
	var all []Diversion
	for _, to := range r.addresses {
		every := !address.IsValid() || address.IsUnspecified()
		switch {
		case !every && to != address.WithZone(""):
			continue
		case address.Is4() && to.Is6(): // 0.0.0.0
			continue
		case hook == hookPrerouting && to.IsLoopback():
			continue // nothing comes to it from outside
		}
		asked[to.Is4()]++
		w := walk{rules: r, packet: packet{protocol, to, port, hook}}
		w.hooks()
		for _, d := range w.found {
			some := d.Some
			d.Some, d.Local = false, hook == hookOutput
			if surely[d] == nil {
				surely[d] = map[bool]int{}
				all = append(all, d)
			}
			surely[d][to.Is4()] += 0
			if !some {
				surely[d][to.Is4()]++
			}
		}
	}
	for i, d := range all {
		for four, n := range surely[d] { // of an address family that it is for at all, every address
			all[i].Some = all[i].Some || n < asked[four]
		}
	}
	slices.SortStableFunc(all, func(a, b Diversion) int { return cmp.Compare(a.Rule(), b.Rule()) })
	return all
}
