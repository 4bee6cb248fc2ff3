package wrapper

import (
	"cmp"
	"context"
	"time"

	"portguard/netdiag"
	"portguard/wrapper/decide"
	"portguard/wrapper/hold"
)

// restartLimit is how long a restart may take before the port is given up: TimeoutStopSec= is 90 s unless a unit says
// otherwise.
const restartLimit = 3 * time.Minute

// restartUnits asks systemd to restart the services that the holders belong to. A pool then connects anew, from another
// port: a placeholder keeps it off this one.
func (g *Guard) restartUnits(ctx context.Context, r *Report) {
	if g.policy.DryRun {
		g.rehearse(ctx, decide.RestartUnit, r)
		return
	}
	guards := hold.ForWork(r.Findings())
	defer guards.Close()
	g.keep(guards)
	targets := g.targets(ctx, decide.RestartUnit, r)
	all := restarts{byUnit: map[string]*restart{}}
	defer all.close()
	for _, t := range targets {
		for _, h := range t.holders {
			if unit := decide.ServiceOf(h); unit != "" && all.byUnit[unit] == nil && ctx.Err() == nil {
				g.restart(ctx, r, &all, unit, targets)
			}
		}
	}
	g.awaitRestarts(ctx, targets, &all)
	for _, t := range targets {
		if t.Trial.Verdict != netdiag.Free && !g.try(t.Outcome, decide.RestartUnit) {
			g.clearRemains(ctx, t.Outcome, decide.RestartUnit)
		}
	}
	all.settle(ctx)
	for _, t := range targets {
		for _, h := range t.holders {
			if one := all.byUnit[decide.ServiceOf(h)]; one != nil {
				g.act(t.Outcome, Action{decide.RestartUnit, h, one.result, one.detail})
			}
		}
	}
}

// restart asks for one restart, after it was decided again about what is there by now.
func (g *Guard) restart(ctx context.Context, r *Report, all *restarts, unit string, targets []target) {
	one := &restart{unit: unit}
	all.byUnit[unit] = one
	m, err := all.connect(ctx)
	if err != nil {
		one.fail(err)
		return
	}
	judge, d, holds := g.decideAgain(ctx, r, unit, targets)
	switch {
	case !holds:
		one.end(decide.Done, "%s had let go of it before it was restarted", unit)
	case !d.GoAhead():
		one.end(d.Result, "%s", d)
	default:
		one.along = judge.Services[unit].Along()
		for _, t := range targets {
			for _, h := range t.holders {
				if decide.ServiceOf(h) == unit {
					one.without = cmp.Or(one.without, judge.GoesWithout(h))
				}
			}
		}
		if one.job, err = m.Restart(ctx, unit); err != nil {
			one.fail(err)
		}
	}
}
