package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
	"portguard/systemd/dropin"
	"portguard/systemd/enabled"
)

// takeAudit looks twice, and then at who is who.
func takeAudit(ctx context.Context, asked []netdiag.Endpoint, o auditOptions) (*auditReport, error) {
	r := &auditReport{down: o.downtime}
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
	models := map[uint32]*risk.Model{}
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
			row.chance = r.model.UDP(o.downtime)
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

// fill makes the rows: what serves on a port that may be picked, what was asked about, what is guarded.
func (r *auditReport) fill(ctx context.Context, p *netdiag.Prober, s *netdiag.Survey, asked []netdiag.Endpoint, here bool) {
	rows := map[netdiag.Port]*auditRow{}
	row := func(k netdiag.Port) *auditRow {
		if rows[k] == nil {
			rows[k] = &auditRow{Port: k, inRange: r.facts.Range.Contains(k.Number), reserved: r.facts.Reserved.Contains(k.Number)}
		}
		return rows[k]
	}
	watched := map[netdiag.Port]bool{} // for clients
	var askedPorts []uint16
	for _, e := range asked {
		k := e.Key()
		row(k).asked, watched[k] = true, true
		askedPorts = append(askedPorts, e.Port)
	}
	r.asked = portrange.Of(askedPorts...)
	guarded := map[string][]netdiag.Port{}
	if here {
		r.rest()
		guarded = r.guardedPorts()
	}
	for unit, keys := range guarded {
		for _, k := range keys {
			watched[k] = true
			row(k).units = append(row(k).units, unit)
		}
	}
	var planned []uint16
	var sockets []sockdiag.Socket
	for _, proto := range []netdiag.Protocol{netdiag.TCP, netdiag.UDP} {
		for _, o := range s.Services(proto) {
			k := netdiag.Port{Protocol: proto, Number: o.Local.Port()}
			planned = append(planned, k.Number)
			sockets = append(sockets, o)
		}
		for _, o := range s.Clients(proto) {
			r.clients = append(r.clients, o.Local.Port())
			if watched[netdiag.Port{Protocol: proto, Number: o.Local.Port()}] {
				sockets = append(sockets, o)
			}
		}
	}
	elsewhere := map[netdiag.Port]*auditRow{}
	for _, h := range p.Identify(ctx, s, sockets) {
		k := netdiag.Port{Protocol: netdiag.Protocol(h.Socket.Protocol), Number: h.Socket.Local.Port()}
		if !r.facts.Range.Contains(k.Number) && !watched[k] {
			if elsewhere[k] == nil {
				elsewhere[k] = &auditRow{Port: k}
			}
			elsewhere[k].services = append(elsewhere[k].services, h)
			continue
		}
		if to := row(k); h.Kind == netdiag.Listener || h.Kind == netdiag.Kernel && h.Socket.Remote.Port() == 0 {
			to.services = append(to.services, h)
		} else {
			to.clients = append(to.clients, h)
		}
		r.limit(h.Absence)
	}
	for k, one := range rows {
		planned = append(planned, k.Number)
		slices.Sort(one.units)
		r.halve(ctx, p, one)
		r.rows = append(r.rows, *one)
	}
	for _, one := range elsewhere {
		r.halve(ctx, p, one)
		if one.halfUp() {
			r.rows = append(r.rows, *one)
		} else {
			r.elsewhere = append(r.elsewhere, serviceOf(*one))
		}
	}
	r.planned = portrange.Of(planned...)
	slices.SortFunc(r.rows, comparePorts)
}

func comparePorts(a, b auditRow) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
}

// rest notes which ports the files of enabled units name.
func (r *auditReport) rest() {
	var resting []uint16
	for _, ports := range enabled.Ports("/") {
		resting = append(resting, ports...)
	}
	r.resting = portrange.Of(resting...)
}

// guardedPorts are the ports in portguard's own drop-ins, by unit.
func (r *auditReport) guardedPorts() map[string][]netdiag.Port {
	units, err := dropin.System.List()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.note(fmt.Sprintf("which units are guarded cannot be seen: %v", err))
	}
	ports := map[string][]netdiag.Port{}
	for _, name := range units {
		endpoints, err := guardedEndpoints(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, dropin.ErrForeign) {
			continue
		}
		if err != nil {
			r.note(fmt.Sprintf("the ports of %s cannot be seen: %v", name, err))
			continue
		}
		for _, e := range endpoints {
			k := e.Key()
			if !slices.Contains(ports[name], k) {
				ports[name] = append(ports[name], k)
			}
		}
	}
	return ports
}

func guardedEndpoints(unit string) ([]netdiag.Endpoint, error) {
	in, err := dropin.System.Read(unit)
	if err != nil {
		return nil, err
	}
	words, err := in.Guard()
	if err != nil {
		return nil, err
	}
	g, err := flags.ReadGuarded(unit, words)
	return g.Endpoints, err
}
