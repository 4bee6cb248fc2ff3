package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/served"
	"portguard/netdiag/sockdiag"
	"portguard/systemd"
)

// service is what serves on a port, whatever number of sockets and processes it takes.
type service struct {
	addresses []string
	units     []string
	processes []owner.Process
}

// foldService makes one of several sockets; nil of none.
func foldService(sockets []netdiag.Holder) *service {
	if len(sockets) == 0 {
		return nil
	}
	s := &service{units: unitsOf(sockets)}
	for _, h := range sockets {
		if a := netdiag.Plain(h.Socket.Local).Addr().String(); !slices.Contains(s.addresses, a) {
			s.addresses = append(s.addresses, a)
		}
		for _, p := range h.Owners {
			if !slices.ContainsFunc(s.processes, func(o owner.Process) bool { return o.PID == p.PID }) {
				s.processes = append(s.processes, p)
			}
		}
	}
	slices.Sort(s.addresses)
	slices.SortFunc(s.processes, func(a, b owner.Process) int { return cmp.Compare(a.PID, b.PID) })
	return s
}

// unitsOf names the units of a service's sockets.
func unitsOf(all []netdiag.Holder) []string {
	units := []string{}
	for _, h := range all {
		if u, ok := systemd.UnitOfCgroup(h.Cgroup); ok && !slices.Contains(units, u.Name) {
			units = append(units, u.Name)
		}
	}
	return units
}

// passBy finds out which connections nobody's start fails by: who wants their ports, and how, says what was asked and what is guarded.
func (r *result) passBy(ctx context.Context, p *netdiag.Prober, rows map[netdiag.Port]*entry, wanted []netdiag.Endpoint) {
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(e netdiag.Endpoint) bool { return !rows[e.Key()].taken() })
	if len(wanted) == 0 {
		return
	}
	found, err := p.InTheWay(ctx, wanted)
	if err != nil {
		return // then all are taken for being in the way
	}
	inTheWay := map[netdiag.SocketID]bool{}
	for _, holders := range found {
		for _, h := range holders {
			inTheWay[h.ID()] = true
		}
	}
	for _, e := range wanted {
		row := rows[e.Key()]
		row.passed = map[netdiag.SocketID]bool{}
		for _, h := range row.clients {
			row.passed[h.ID()] = !inTheWay[h.ID()]
		}
	}
}

// half is a service that listens in one family alone, while somebody else has its port in the other: it is up, and half of its clients
// do not get to it.
type half struct {
	lacks   netdiag.Endpoint
	holders []netdiag.Holder // who has that
}

// doubt is a service that listens in one family alone: for want of the other, or as it was told to?
type doubt struct {
	row   *entry
	own   []netdiag.Holder
	lacks netdiag.Endpoint
}

// halve finds out which services are up by half. There may be thousands, of which hardly any has a rival in what was seen of the host:
// about those the kernel is asked, once.
func (r *result) halve(ctx context.Context, p *netdiag.Prober, s *netdiag.Survey, rows []*entry) {
	contested := map[netdiag.Endpoint]bool{}
	var doubts []doubt
	var lacks []netdiag.Endpoint
	for _, row := range rows {
		for _, d := range row.doubts() {
			if _, known := contested[d.lacks]; !known {
				contested[d.lacks] = s.Contested(d.lacks)
			}
			if contested[d.lacks] {
				doubts, lacks = append(doubts, d), append(lacks, d.lacks)
			}
		}
	}
	if len(lacks) == 0 {
		return
	}
	found, err := p.InTheWay(ctx, lacks)
	if err != nil {
		r.note(fmt.Sprintf("whether services are up by half cannot be seen: %v", err))
		return
	}
	for i, d := range doubts {
		holders := slices.DeleteFunc(found[i], func(h netdiag.Holder) bool { return ofService(h, d.own) })
		if len(holders) > 0 {
			d.row.halves = append(d.row.halves, half{d.lacks, holders})
		}
	}
}

// doubts are those about the services of a row.
func (r *entry) doubts() []doubt {
	if r.Protocol != netdiag.TCP {
		return nil
	}
	groups := map[string][]netdiag.Holder{}
	for _, h := range r.services {
		name := serviceOf(entry{Port: r.Port, services: []netdiag.Holder{h}})
		groups[name] = append(groups[name], h)
	}
	var all []doubt
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		own := groups[name]
		sockets := make([]sockdiag.Socket, len(own))
		for i, h := range own {
			sockets[i] = h.Socket
		}
		any := func(sockdiag.Socket) bool { return true }
		if lacks, some := served.At(netdiag.Endpoint{Protocol: r.Protocol, Port: r.Number}, sockets, any).Lacks(); some {
			all = append(all, doubt{r, own, lacks})
		}
	}
	return all
}

// ofService reports whether a holder is one of the service's own sockets, or a process of it has it.
func ofService(h netdiag.Holder, own []netdiag.Holder) bool {
	return slices.ContainsFunc(own, func(o netdiag.Holder) bool {
		return o.ID() == h.ID() || slices.ContainsFunc(h.Owners, func(p owner.Process) bool {
			return slices.ContainsFunc(o.Owners, func(q owner.Process) bool { return p.PID == q.PID })
		})
	})
}

// text says what it is deaf to, and for whom: "deaf on IPv4: order (pid 77) has 0.0.0.0:30010".
func (h half) text() string {
	family := "IPv4"
	if h.lacks.Addr.Is6() {
		family = "IPv6"
	}
	first := h.holders[0]
	return fmt.Sprintf("deaf on %s: %s has %s%s", family, names.Holder(first), first.Local(), names.Arrow(first))
}
