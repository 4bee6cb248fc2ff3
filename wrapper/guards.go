package wrapper

import (
	"iter"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// placeholders are those of ports that are worked on or waited for. They are on addresses that no program uses: there,
// they are in no holder's way and no holder is in theirs.
type placeholders []Placeholder

// guardsFor are those of the ports that a rung is about to work on; none is bound yet. Where the trials set SO_REUSEADDR there
// may be one in each family, and these keep bind() to port 0 out as well.
func guardsFor(r *Report) placeholders {
	var all placeholders
	for endpoints, p := range wantedPorts(r) {
		where := []netip.Addr{unused(netip.IPv4Unspecified()), unused(netip.IPv6Unspecified())}
		if p.strict {
			where = first(p.where)
		}
		for _, a := range where {
			all = append(all, Placeholder{Endpoints: endpoints, FD: -1, Where: a})
		}
	}
	return all
}

// keepConnectOff binds one placeholder for each port that can have one, so that no new connection is given a port which is
// waited for: on a busy host there would always be another.
func (g *Guard) keepConnectOff(r *Report) placeholders {
	var all placeholders
	for endpoints, p := range wantedPorts(r) {
		for _, a := range first(p.where) {
			all = append(all, Placeholder{Endpoints: endpoints, FD: -1, Where: a})
		}
	}
	g.bindAll(all)
	return all
}

// wantedPorts are the TCP ports with an endpoint that is not free yet, each with all its endpoints and their plan.
func wantedPorts(r *Report) iter.Seq2[[]netdiag.Endpoint, plan] {
	wanted := r.wantedPorts()
	return func(yield func([]netdiag.Endpoint, plan) bool) {
		for _, port := range byPort(r.Outcomes) {
			key := port[0].Endpoint.Key()
			if key.Protocol == netdiag.UDP || !wanted[key] {
				continue
			}
			if endpoints := endpointsOf(port); !yield(endpoints, planPort(endpoints)) {
				return
			}
		}
	}
}

func first(where []netip.Addr) []netip.Addr { return where[:min(1, len(where))] }

// wantedPorts are the ports with an endpoint that is not free yet.
func (r *Report) wantedPorts() map[netdiag.Port]bool {
	some := map[netdiag.Port]bool{}
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Trial.Verdict != netdiag.Free {
			some[o.Endpoint.Key()] = true
		}
	}
	return some
}

// bindAll binds those that are not bound yet, as far as it can be done and there is room for more.
func (g *Guard) bindAll(all placeholders) {
	binder := netdiag.NewBinder()
	for i := range all {
		p := &all[i]
		if p.FD >= 0 {
			continue
		}
		fd, err := binder.Beside(p.Endpoints[0], p.Where)
		if err != nil {
			continue
		}
		if !g.room.allows(fd) {
			unix.Close(fd)
			return
		}
		p.FD = fd
		g.prober.Ignore(fd)
	}
}

// keepOnly drops those of the ports that are not wanted any more: the trials hold them.
func (all placeholders) keepOnly(wanted map[netdiag.Port]bool) {
	for i := range all {
		if p := &all[i]; p.FD >= 0 && !wanted[p.port()] {
			p.drop()
		}
	}
}

func (all placeholders) close() { all.keepOnly(nil) }
