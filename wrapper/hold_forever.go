package wrapper

import (
	"context"

	"portguard/netdiag"
	"portguard/wrapper/decide"
)

// Holding is how many endpoints are held, and of how many it is waited for what.
type Holding struct{ Held, InUse, NoAddress int }

// HoldForever holds endpoints until the context ends: those that are free at once, those that somebody has as soon as he lets go.
// What is held is bound as the endpoint says, so that neither the kernel nor an explicit bind() takes it; a service binds
// beside it if it sets SO_REUSEADDR. With ReuseNo it is held in a way that is in no service's way, and keeps connect() off.
//
// ready is called once, when everything has been tried. When an endpoint can be
// neither, the report says so and nothing is held.
func (g *Guard) HoldForever(ctx context.Context, endpoints []netdiag.Endpoint, ready func(Holding)) *Report {
	r := &Report{Outcomes: make([]Outcome, len(endpoints))}
	var now Holding
	hopeless := false
	stepAside := asider(endpoints)
	g.freed = stepAside
	for i, e := range endpoints {
		o := &r.Outcomes[i]
		o.Finding = netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)}
		switch o.Trial.Verdict {
		case netdiag.Free:
			stepAside(o)
			now.Held++
		case netdiag.Taken:
			now.InUse++
		case netdiag.NoAddress:
			now.NoAddress++
		default:
			hopeless = true
		}
	}
	if hopeless {
		g.explain(ctx, r)
		r.Release()
		return r
	}
	ready(now)
	if now.Held < len(endpoints) {
		g.policy = decide.Policy{Wait: decide.Forever}
		g.explain(ctx, r)
		g.wait(ctx, r)
	}
	<-ctx.Done()
	return r
}

// asider makes a trial's socket the placeholder or, for a service without SO_REUSEADDR, exchanges it for one that this does not mind. The
// first of a port's does for all then.
func asider(endpoints []netdiag.Endpoint) func(*Outcome) {
	held, binder := map[netdiag.Port]bool{}, netdiag.NewBinder()
	ports := endpointsByPort(endpoints)
	return func(o *Outcome) {
		port := o.Endpoint.Key()
		plan := planPort(ports[port])
		if !plan.strict {
			binder.Mark(o.Trial.FD)
			return
		}
		fd := -1
		if !held[port] {
			p := place(binder, ports[port], plan.where)
			fd, held[port] = p.FD, p.FD >= 0
		}
		o.Trial.Close()
		o.Trial.FD = fd
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
