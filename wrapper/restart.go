package wrapper

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"portguard/systemd"
)

// How long systemd may take to answer, and to restart a unit: TimeoutStopSec= is 90 s unless a unit says otherwise.
const (
	systemdLimit = 5 * time.Second
	restartLimit = 3 * time.Minute
)

// restartUnits asks systemd to restart the services that the holders belong to. A pool then connects anew, from another
// port: a placeholder keeps it off this one.
func (g *Guard) restartUnits(ctx context.Context, r *Report) {
	if g.policy.DryRun {
		g.rehearse(ctx, RestartUnit, r, g.wouldRestart)
		return
	}
	restarted := map[string]Action{}
	g.rounds(ctx, RestartUnit, r, func(t target) (moved bool) {
		for _, h := range t.holders {
			unit := serviceOf(h)
			if unit == "" {
				continue
			}
			a, done := restarted[unit]
			if !done {
				a = restartOne(ctx, unit)
				restarted[unit] = a
			}
			a.Holder = h
			g.act(t.Outcome, a)
		}
		if !g.try(t.Outcome, RestartUnit) {
			g.clearRemains(ctx, t.Outcome, RestartUnit)
		}
		return false
	})
}

func restartOne(ctx context.Context, unit string) Action {
	a := Action{Rung: RestartUnit, Result: Done, Detail: "restarted " + unit}
	ctx, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	m, err := systemd.Connect(ctx)
	if err == nil {
		defer m.Close()
		err = m.RestartUnit(ctx, unit)
	}
	switch {
	case err == nil:
	case errors.Is(err, systemd.Absent):
		a.Result, a.Detail = NotPossible, "restart "+unit+": "+err.Error()
	case errors.Is(err, fs.ErrPermission):
		a.Result, a.Detail = NotPermitted, "restart "+unit+": "+err.Error()+"; that takes root or a polkit rule"
	default:
		a.Result, a.Detail = Failed, "restart "+unit+": "+err.Error()
	}
	return a
}

// willRestart tells, of the services that victims are the main process of, which systemd starts again when they end.
func willRestart(ctx context.Context, victims []*victim) map[int]string {
	notes := map[int]string{}
	ctx, cancel := context.WithTimeout(ctx, systemdLimit)
	defer cancel()
	var m *systemd.Manager
	for _, v := range victims {
		u, ok := systemd.UnitOfCgroup(v.process.Cgroup)
		if !ok || u.User {
			continue
		}
		if m == nil {
			var err error
			if m, err = systemd.Connect(ctx); err != nil {
				return notes // what systemd would do is not known, and nothing depends on it
			}
			defer m.Close()
		}
		if s, err := m.Service(ctx, u.Name); err == nil && s.MainPID == v.process.PID && s.Restart != "" && s.Restart != "no" {
			notes[v.process.PID] = "; systemd may start " + u.Name + " again (Restart=" + s.Restart + "), perhaps on the same port: --restart-unit restarts it away from it"
		}
	}
	return notes
}
