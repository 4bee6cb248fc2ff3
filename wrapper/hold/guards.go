package hold

import (
	"iter"
	"net/netip"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
)

// ForWork are those of the ports that a rung is about to work on; none is bound yet. They are on addresses that no program uses:
// there, they are in no holder's way and no holder is in theirs. Where the trials set SO_REUSEADDR there may be one in each family,
// and these keep bind() to port 0 out as well.
func ForWork(findings []*netdiag.Finding) Placeholders {
	var all Placeholders
	for endpoints, p := range wantedPorts(findings) {
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

// ForWait are those of the ports that are waited for, one of each port that can have one, so that no new connection is given it: on a
// busy host there would always be another. None is bound yet.
func ForWait(findings []*netdiag.Finding) Placeholders {
	var all Placeholders
	for endpoints, p := range wantedPorts(findings) {
		for _, a := range first(p.where) {
			all = append(all, Placeholder{Endpoints: endpoints, FD: -1, Where: a})
		}
	}
	return all
}

// wantedPorts are the TCP ports with an endpoint that is not free yet, each with all its endpoints and their plan.
func wantedPorts(findings []*netdiag.Finding) iter.Seq2[[]netdiag.Endpoint, plan] {
	wanted := portsWanted(findings)
	return func(yield func([]netdiag.Endpoint, plan) bool) {
		for _, port := range byPort(findings) {
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

// portsWanted are the ports with an endpoint that is not free yet.
func portsWanted(findings []*netdiag.Finding) map[netdiag.Port]bool {
	some := map[netdiag.Port]bool{}
	for _, f := range findings {
		if f.Trial.Verdict != netdiag.Free {
			some[f.Endpoint.Key()] = true
		}
	}
	return some
}

// Bind binds those that are not bound yet, as far as it can be done and there is room for more, and tells of each.
func (all Placeholders) Bind(room Room, bound func(fd int)) {
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
		if !room.Allows(fd) {
			unix.Close(fd)
			return
		}
		p.FD = fd
		bound(fd)
	}
}

// KeepWanted drops those of the ports that are free: the trials hold them.
func (all Placeholders) KeepWanted(findings []*netdiag.Finding) {
	wanted := portsWanted(findings)
	for i := range all {
		if p := &all[i]; p.FD >= 0 && !wanted[p.port()] {
			p.drop()
		}
	}
}

// Close drops all.
func (all Placeholders) Close() { all.KeepWanted(nil) }
