package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"portguard/cmd/portguard/internal/flags"
	"portguard/netdiag"
	"portguard/systemd"
	"portguard/systemd/dropin"
)

// guarded are the endpoints in portguard's own drop-ins, by unit. lapsed are those of units that start without the guard all the same;
// those of a drop-in whose unit is gone are nobody's.
func (r *result) guarded(ctx context.Context) (all, lapsed map[string][]netdiag.Endpoint) {
	units, err := dropin.System.List()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.note(fmt.Sprintf("which units are guarded cannot be seen: %v", err))
	}
	all, lapsed = map[string][]netdiag.Endpoint{}, map[string][]netdiag.Endpoint{}
	if len(units) == 0 {
		return all, lapsed
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	m, err := systemd.Connect(ctx)
	if err == nil {
		defer m.Close()
	}
	for _, name := range units {
		in, endpoints, err := guardOf(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, dropin.ErrForeign):
		case err != nil:
			r.note(fmt.Sprintf("the ports of %s cannot be seen: %v", name, err))
		default:
			switch stateOf(ctx, m, name, in) {
			case guardGone:
				r.note(fmt.Sprintf("there is no %s any more, only its guard: portguard unit remove %s", name, name))
			case guardLapsed:
				r.note(fmt.Sprintf("%s is not guarded, though it was to be: portguard unit show %s", name, name))
				lapsed[name] = endpoints
			case guardHolds:
				all[name] = endpoints
			}
		}
	}
	return all, lapsed
}

// guardState is what systemd makes of a drop-in.
type guardState int

const (
	guardHolds  guardState = iota // as far as can be told; what is masked, or not loaded, does not start without it either
	guardLapsed                   // systemd does not run what it says
	guardGone                     // its unit is not there
)

// stateOf asks systemd. m is nil where it does not run.
func stateOf(ctx context.Context, m *systemd.Manager, name string, in dropin.DropIn) guardState {
	if m == nil {
		return guardHolds
	}
	svc, err := m.Service(ctx, name)
	switch {
	case err == nil && svc.LoadState == systemd.NotFound:
		return guardGone
	case err == nil && svc.LoadState == systemd.Loaded && !in.InForce(svc):
		return guardLapsed
	}
	return guardHolds
}

func guardOf(unit string) (dropin.DropIn, []netdiag.Endpoint, error) {
	in, err := dropin.System.Read(unit)
	if err != nil {
		return in, nil, err
	}
	words, err := in.Guard()
	if err != nil {
		return in, nil, err
	}
	g, err := flags.ReadGuarded(unit, words)
	return in, g.Endpoints, err
}
