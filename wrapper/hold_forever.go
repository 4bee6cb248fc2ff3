package wrapper

import (
	"context"

	"portguard/netdiag"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
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
	stepAside := hold.StepAside(endpoints)
	g.freed = stepAside
	for i, e := range endpoints {
		o := &r.Outcomes[i]
		o.Finding = netdiag.Finding{Endpoint: e, Trial: netdiag.Try(e)}
		switch o.Trial.Verdict {
		case netdiag.Free:
			stepAside(&o.Finding)
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
