package wrapper

import (
	"context"
	"maps"
	"slices"
	"time"

	"portguard/netdiag"
	"portguard/systemd"
)

// Service is what systemd says of a service that has a port, and of what a restart of it would do.
type Service struct {
	systemd.Service
	// With are the units that systemd would restart along with it.
	With []string
	// Err is why systemd could not be asked; nil when it was.
	Err error
}

// askLimit is how long systemd may take to tell of all services together.
const askLimit = 2 * time.Second

// servicesOf names the services that have one of the endpoints, each once.
func servicesOf(wanted []*Outcome) []string {
	units := map[string]bool{}
	for _, o := range wanted {
		for i := range o.Holders {
			if unit := serviceOf(&o.Holders[i]); unit != "" && o.Trial.Verdict == netdiag.Taken {
				units[unit] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(units))
}

// askServices asks systemd about services, by name.
func askServices(ctx context.Context, units []string) map[string]Service {
	if len(units) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	m, err := systemd.Connect(ctx)
	if err == nil {
		defer m.Close()
	}
	all := map[string]Service{}
	for _, unit := range units {
		all[unit] = askService(ctx, m, unit, err)
	}
	return all
}

// askService asks by a connection, if there is one.
func askService(ctx context.Context, m *systemd.Manager, unit string, err error) Service {
	var s Service
	if s.Err = err; s.Err == nil {
		s.Service, s.Err = m.Service(ctx, unit)
	}
	if s.Err == nil {
		s.With, s.Err = m.RestartedWith(ctx, unit)
	}
	return s
}
