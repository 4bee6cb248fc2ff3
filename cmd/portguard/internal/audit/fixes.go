package audit

import (
	"cmp"
	"fmt"
	"slices"

	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

// fix is one way of keeping the ports from being taken.
type fix struct {
	command string // "" where there is none
	does    string
	leaves  string // what it does not cover
}

// fixes are the ways, least invasive first. Each was tried on what is known of the host: none puts another service at risk.
func (r *result) fixes() []fix {
	var all []fix
	if len(r.exposed()) > 0 {
		if ports, ok := r.reservable(); ok {
			all = append(all, fix{
				fmt.Sprintf("portguard reserve %s", ports),
				"the kernel picks none of these any more, TCP and UDP, now and after every boot",
				"a program that asks for one of them by number still gets it (bind(), as NFS clients do), and who has one now keeps it",
			})
		}
		if to, ok := r.otherRange(); ok {
			all = append(all, fix{
				fmt.Sprintf("portguard range %s", to),
				fmt.Sprintf("the kernel picks from %d ports, none of them of a service that is known here, running or not", r.free(to)),
				fmt.Sprintf("explicit bind() as above, services to come, and connections that are open keep their ports; it has %d to pick from today", r.free(r.facts.Range)),
			})
		}
		if len(all) == 0 {
			all = append(all, fix{
				"",
				fmt.Sprintf("move the services to ports outside of ip_local_port_range %s, which has too few to reserve any, and no part without services that is large enough", r.facts.Range),
				"connections that are open keep their ports",
			})
		}
	}
	if row, odd, ok := r.otherParity(); ok {
		all = append(all, fix{
			"",
			fmt.Sprintf("give the service an %s port, as %d instead of %d: connect() takes %s ones first", portrange.Parity(odd), odd, row.Number, portrange.Parity(row.Number)),
			fmt.Sprintf("bind() to port 0 takes %s ports first, connect() does when no other is left, and UDP knows no parity", portrange.Parity(odd)),
		})
	}
	if taken := r.takenPorts(); taken != "" {
		all = append(all, fix{
			"portguard -p " + taken,
			"says who has it now, and which commands would get it free",
			"it touches nothing by itself",
		})
	}
	return all
}

// keeps is the fix that the answer names.
func (r *result) keeps() string {
	if len(r.exposed()) == 0 {
		return ""
	}
	return r.fixes()[0].command
}

// free is how many ports the kernel would have to pick from.
func (r *result) free(of portrange.Range) int {
	return portrange.Set{of}.Minus(r.facts.Reserved).Len()
}

// reservable are the ports to reserve: those that are exposed and, as a reservation makes the port above it likelier, those right
// above them that a service wants which is down. False where "portguard reserve" would refuse them.
func (r *result) reservable() (portrange.Set, bool) {
	ports := r.exposed()
	for resting := r.resting.Intersect(portrange.Set{r.facts.Range}).Minus(r.facts.Reserved); ; {
		var above []uint16
		for _, p := range ports {
			above = append(above, p.High+1, p.High+2) // connect() goes on by two
		}
		more := ports.Union(resting.Intersect(portrange.Of(above...)))
		if more.Len() == ports.Len() {
			break
		}
		ports = more
	}
	_, enough := r.facts.Range.Left(r.facts.Reserved.Union(ports), r.facts.Reserved)
	return ports, enough
}

// otherParity is the first port at risk that connect() would pick before others, and the next one that it would not, that no
// service has, and that is less likely to be lost.
func (r *result) otherParity() (entry, uint16, bool) {
	known := r.planned.Union(r.resting)
	for _, row := range r.rows {
		if !row.exposed() || row.Protocol != netdiag.TCP || row.Number%2 != r.facts.Range.Low%2 {
			continue
		}
		for port := int(row.Number) + 1; port <= int(r.facts.Range.High); port += 2 {
			if !known.Contains(uint16(port)) {
				return row, uint16(port), r.lessLikely(uint16(port), row)
			}
		}
	}
	return entry{}, 0, false
}

// lessLikely asks the model whether a move is worth it: where one destination has used up a parity, the other is as likely to be lost.
func (r *result) lessLikely(port uint16, than entry) bool {
	if r.model == nil {
		return true
	}
	return r.model.TCP(port, r.down).Chance <= than.chance.Chance/2
}

// takenPorts are those that a client has, as -p takes them: those of one protocol together, so that they come to ranges.
func (r *result) takenPorts() string {
	var ports []netdiag.Endpoint
	for _, row := range r.rows {
		if row.taken() {
			ports = append(ports, netdiag.Endpoint{Protocol: row.Protocol, Port: row.Number})
		}
	}
	slices.SortStableFunc(ports, func(a, b netdiag.Endpoint) int { return cmp.Compare(a.Protocol, b.Protocol) })
	return netdiag.Arguments(ports)
}

// otherRange is a part of the range that has no port of a service in it and is large enough or, where there is none, what lies above
// as well. It never begins lower than today: there are the ports of services that nobody has told of. Of several the highest that is long
// enough for any host or, without one, the longest. Its ends differ in parity, as the kernel likes it.
func (r *result) otherRange() (portrange.Range, bool) {
	now := r.facts.Range
	for _, within := range []portrange.Range{now, {Low: now.Low, High: 65535}} {
		if best, ok := r.roomyGap(within); ok {
			return best, true
		}
	}
	return portrange.Range{}, false
}

func (r *result) roomyGap(within portrange.Range) (portrange.Range, bool) {
	const plenty = 16384 // as many as IANA has set aside
	within.Low = max(within.Low, r.facts.Unprivileged, 1024)
	if within.Low > within.High {
		return portrange.Range{}, false
	}
	var best portrange.Range
	room := 0
	for _, g := range (portrange.Set{within}).Minus(r.planned.Union(r.resting)) {
		g.Low += g.Low % 2
		if g.High%2 == 0 {
			g.High--
		}
		if g.Low >= g.High {
			continue
		}
		if n := r.free(g); n > room || n >= plenty {
			best, room = g, n
		}
	}
	return best, room >= max(portrange.Fewest, 2*r.load.Held, 2*r.load.UDP)
}
