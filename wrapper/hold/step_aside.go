package hold

import "portguard/netdiag"

// StepAside makes a trial's socket the placeholder or, for a service without SO_REUSEADDR, exchanges it for one that this does not mind. The
// first of a port's does for all then.
func StepAside(endpoints []netdiag.Endpoint) func(*netdiag.Finding) {
	held, binder := map[netdiag.Port]bool{}, netdiag.NewBinder()
	ports := endpointsByPort(endpoints)
	return func(f *netdiag.Finding) {
		port := f.Endpoint.Key()
		plan := planPort(ports[port])
		if !plan.strict {
			binder.Mark(f.Trial.FD)
			return
		}
		fd := -1
		if !held[port] {
			p := place(binder, ports[port], plan.where)
			fd, held[port] = p.FD, p.FD >= 0
		}
		f.Trial.Close()
		f.Trial.FD = fd
	}
}

// Unholdable is the first endpoint for which no placeholder can be had, and why; "" when there is none.
func Unholdable(endpoints []netdiag.Endpoint) (netdiag.Endpoint, string) {
	ports := endpointsByPort(endpoints)
	for _, e := range endpoints {
		if p := planPort(ports[e.Key()]); len(p.where) == 0 {
			return e, p.why
		}
	}
	return netdiag.Endpoint{}, ""
}

func endpointsByPort(endpoints []netdiag.Endpoint) map[netdiag.Port][]netdiag.Endpoint {
	all := make(map[netdiag.Port][]netdiag.Endpoint, len(endpoints))
	for _, e := range endpoints {
		all[e.Key()] = append(all[e.Key()], e)
	}
	return all
}
