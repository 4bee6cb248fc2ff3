package wrapper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"portguard/netdiag"
	"portguard/systemd"
	"portguard/wrapper/decide"
)

// askLimit is how long systemd, or a container engine, may take to tell of all together.
const askLimit = 2 * time.Second

// servicesOf names the services that have one of the endpoints, each once.
func servicesOf(wanted []*Outcome) []string {
	units := map[string]bool{}
	for _, o := range wanted {
		for i := range o.Holders {
			if unit := decide.ServiceOf(&o.Holders[i]); unit != "" && o.Trial.Verdict == netdiag.Taken {
				units[unit] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(units))
}

// managerSilence is for how long a systemd that has not answered in time is not asked again: each rung would wait for it anew.
const managerSilence = time.Minute

// manager reaches systemd to ask it something, unless it was silent a moment ago. The context is for the questions; heard takes it
// back, and notes whether the time has run out.
func (g *Guard) manager(ctx context.Context) (m *systemd.Manager, asking context.Context, heard func(), err error) {
	if time.Now().Before(g.managerAt) {
		return nil, ctx, func() {}, fmt.Errorf("systemd did not answer within %s", askLimit)
	}
	asking, cancel := context.WithTimeout(ctx, askLimit)
	m, err = systemd.Connect(asking)
	return m, asking, func() {
		if errors.Is(asking.Err(), context.DeadlineExceeded) {
			g.managerAt = time.Now().Add(managerSilence)
		}
		if m != nil {
			m.Close()
		}
		cancel()
	}, err
}

// askServices asks systemd about services, by name, and about our own where one of them is ordered after it.
func (g *Guard) askServices(ctx context.Context, units []string, own string) (all map[string]decide.Service, start decide.Start) {
	if len(units) == 0 {
		return nil, decide.Start{}
	}
	m, ctx, heard, err := g.manager(ctx)
	defer heard()
	all = map[string]decide.Service{}
	for _, unit := range units {
		all[unit] = askService(ctx, m, unit, err)
		if own != "" && start.Name == "" && slices.Contains(all[unit].After, own) {
			start = askStart(ctx, m, own)
		}
	}
	return all, start
}

// askStart asks what start is going on. Without an answer it is none.
func askStart(ctx context.Context, m *systemd.Manager, unit string) (s decide.Start) {
	var err error
	if s.Job, err = m.Queued(ctx, unit); err == nil {
		s.Service, err = m.Service(ctx, unit)
	}
	if err != nil {
		return decide.Start{}
	}
	return s
}

// askService asks by a connection, if there is one.
func askService(ctx context.Context, m *systemd.Manager, unit string, err error) decide.Service {
	var s decide.Service
	if s.Err = err; s.Err == nil {
		s.Service, s.Err = m.Service(ctx, unit)
	}
	if s.Err == nil {
		s.With, s.Err = m.RestartedWith(ctx, unit)
	}
	return s
}
