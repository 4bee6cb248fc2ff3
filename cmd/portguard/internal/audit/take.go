package audit

import (
	"context"
	"maps"
	"slices"
	"time"

	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
	"portguard/systemd/enabled"
)

// take looks twice, and then at who is who.
func take(ctx context.Context, asked []netdiag.Endpoint, o options) (*result, error) {
	r := &result{down: o.downtime}
	var err error
	if r.facts, err = portrange.ReadFacts(); err != nil {
		return nil, err
	}
	p := netdiag.NewProber()
	defer p.Close()
	before, counters, began, err := lookOn(ctx, p)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(o.sample):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, later, ended, err := lookOn(ctx, p)
	if err != nil {
		return nil, err
	}
	r.sample = ended.Sub(began)
	r.opened, r.recycle = later.ActiveOpens-counters.ActiveOpens, later.Recycled-counters.Recycled
	if err := p.Degraded(); err != nil {
		r.limits = append(r.limits, report.DegradedText(err)+"; UDP services are not judged")
	}
	look := after.Look(0)
	models := map[uint32]*risk.Model{0: risk.New(r.facts, before.Look(0), look, r.sample)}
	model := func(vrf uint32) *risk.Model {
		if models[vrf] == nil {
			models[vrf] = risk.New(r.facts, before.Look(vrf), after.Look(vrf), r.sample)
		}
		return models[vrf]
	}
	r.model = model(0)
	r.load, r.use = r.model.Summary(), risk.UseOf(r.facts, look)
	here := o.Netns.Netns == "" // files and units are about
	r.fill(ctx, p, after, asked, here)
	if here {
		r.readBoot()
	}
	if o.allNetns {
		r.lookAway(ctx)
	}
	r.readFirewall()
	for i := range r.rows {
		row := &r.rows[i]
		if !row.exposed() {
			continue
		}
		if row.Protocol == netdiag.UDP {
			row.chance = r.model.UDP(row.Number, o.downtime)
			continue
		}
		for _, vrf := range vrfsOf(row.services, after) {
			row.chance = row.chance.Or(model(vrf).TCP(row.Number, o.downtime))
		}
	}
	return r, nil
}

// vrfsOf are the VRFs that the sockets of a service are in, each of which has ports of its own: none but the host's where nothing listens.
func vrfsOf(services []netdiag.Holder, s *netdiag.Survey) []uint32 {
	if len(services) == 0 {
		return []uint32{0}
	}
	var all []uint32
	for _, h := range services {
		if vrf := s.VRF(h.Socket); !slices.Contains(all, vrf) {
			all = append(all, vrf)
		}
	}
	return all
}

// lookOn is one look.
func lookOn(ctx context.Context, p *netdiag.Prober) (*netdiag.Survey, netdiag.Counters, time.Time, error) {
	s, err := p.Survey(ctx)
	if err != nil {
		return nil, netdiag.Counters{}, time.Time{}, err
	}
	c, err := netdiag.ReadCounters()
	return s, c, time.Now(), err
}

// fill makes the rows: what serves on a port that may be picked, what was asked about, what is guarded. here: that is about this network
// namespace, which files and units are about.
func (r *result) fill(ctx context.Context, p *netdiag.Prober, s *netdiag.Survey, asked []netdiag.Endpoint, here bool) {
	g := gathering{r.facts, map[netdiag.Port]*entry{}, map[netdiag.Port]*entry{}, map[netdiag.Port]bool{}}
	var askedPorts []uint16
	wanted := slices.Clone(asked)
	for _, e := range asked {
		g.watch(e.Key()).asked = true
		askedPorts = append(askedPorts, e.Port)
	}
	r.asked = portrange.Of(askedPorts...)
	if here {
		r.rest()
		all, lapsed := r.guarded(ctx)
		for _, endpoints := range lapsed {
			wanted = append(wanted, endpoints...)
			for _, e := range endpoints {
				g.watch(e.Key())
			}
		}
		for unit, endpoints := range all {
			wanted = append(wanted, endpoints...)
			for _, e := range endpoints {
				if to := g.watch(e.Key()); !slices.Contains(to.units, unit) {
					to.units = append(to.units, unit)
				}
			}
		}
	}
	services, clients := socketsOf(s)
	var planned []uint16
	for _, o := range services {
		planned = append(planned, o.Local.Port())
	}
	for _, o := range clients {
		r.clients = append(r.clients, o.Local.Port())
	}
	clients = slices.DeleteFunc(clients, func(o sockdiag.Socket) bool { return !g.watched[portOf(o)] })
	for _, h := range p.Identify(ctx, s, slices.Concat(services, clients)) {
		if g.add(h) {
			r.limit(h.Absence)
		}
	}
	r.passBy(ctx, p, g.rows, wanted)
	r.halve(ctx, p, s, slices.AppendSeq(slices.Collect(maps.Values(g.rows)), maps.Values(g.elsewhere)))
	for k, one := range g.rows {
		planned = append(planned, k.Number)
		slices.Sort(one.units)
		r.rows = append(r.rows, *one)
	}
	for _, one := range g.elsewhere {
		if one.halfUp() {
			r.rows = append(r.rows, *one)
		} else {
			r.elsewhere = append(r.elsewhere, serviceOf(*one))
		}
	}
	r.planned = portrange.Of(planned...)
	slices.SortFunc(r.rows, comparePorts)
}

// socketsOf are the sockets of services and of clients.
func socketsOf(s *netdiag.Survey) (services, clients []sockdiag.Socket) {
	for _, proto := range []netdiag.Protocol{netdiag.TCP, netdiag.UDP} {
		services = append(services, s.Services(proto)...)
		clients = append(clients, s.Clients(proto)...)
	}
	return services, clients
}

func portOf(s sockdiag.Socket) netdiag.Port {
	return netdiag.Port{Protocol: netdiag.Protocol(s.Protocol), Number: s.Local.Port()}
}

// rest notes which ports the files of enabled units name.
func (r *result) rest() {
	var resting []uint16
	for _, ports := range enabled.Ports("/") {
		resting = append(resting, ports...)
	}
	r.resting = portrange.Of(resting...)
}
