package audit

import (
	"fmt"
	"strings"

	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

// fix is one way of keeping the ports from being taken.
type fix struct {
	command string // "" where there is none
	does    string
	leaves  string // what it does not cover
}

// fixes are the ways, least invasive first.
func (r *auditReport) fixes() []fix {
	var all []fix
	exposed := r.exposed()
	if len(exposed) > 0 {
		all = append(all, fix{
			fmt.Sprintf("portguard reserve %s", exposed),
			"the kernel picks none of these any more, TCP and UDP, now and after every boot",
			"a program that asks for one of them by number still gets it (bind(), as NFS clients do), and who has one now keeps it",
		})
		if to, ok := r.otherRange(); ok {
			all = append(all, fix{
				fmt.Sprintf("portguard range %s", to),
				fmt.Sprintf("the kernel picks from %d ports, none of them of a service of today or asked about here", portrange.Set{to}.Len()),
				fmt.Sprintf("explicit bind() as above, services to come, and connections that are open keep their ports; it has %d to pick from today", portrange.Set{r.facts.Range}.Minus(r.facts.Reserved).Len()),
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

// otherParity is the first port at risk that connect() would pick before others, and the next one that it would not and
// that no service has.
func (r *auditReport) otherParity() (auditRow, uint16, bool) {
	for _, row := range r.rows {
		if !row.exposed() || row.Protocol != netdiag.TCP || row.Number%2 != r.facts.Range.Low%2 {
			continue
		}
		for port := int(row.Number) + 1; port <= int(r.facts.Range.High); port += 2 {
			if !r.planned.Contains(uint16(port)) {
				return row, uint16(port), true
			}
		}
	}
	return auditRow{}, 0, false
}

// takenPorts are those that a client has, as -p takes them.
func (r *auditReport) takenPorts() string {
	var ports []string
	for _, row := range r.rows {
		if row.taken() {
			ports = append(ports, netdiag.Endpoint{Protocol: row.Protocol, Port: row.Number}.Argument())
		}
	}
	return strings.Join(ports, ",")
}

// otherRange is the highest range without a port of a service that is long enough for any host or, without one, the
// longest. Its ends differ in parity, as the kernel likes it.
func (r *auditReport) otherRange() (portrange.Range, bool) {
	const plenty = 16384 // as many as IANA has set aside
	lowest := max(r.facts.Unprivileged, 1024)
	var best portrange.Range
	room := 0
	for _, g := range (portrange.Set{{Low: lowest, High: 65535}}).Minus(r.planned) {
		g.Low += g.Low % 2
		if g.High%2 == 0 {
			g.High--
		}
		if g.Low >= g.High {
			continue
		}
		if n := (portrange.Set{g}).Minus(r.facts.Reserved).Len(); n > room || n >= plenty {
			best, room = g, n
		}
	}
	return best, room >= max(portrange.Fewest, 2*r.load.Held, 2*r.load.UDP)
}
