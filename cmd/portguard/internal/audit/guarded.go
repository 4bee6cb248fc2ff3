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

// guarded are the endpoints in portguard's own drop-ins, by unit. lapsed are those of units that start without the guard all the same.
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
		case m != nil && isLapsed(ctx, m, name, in):
			r.note(fmt.Sprintf("%s is not guarded, though it was to be: portguard unit show %s", name, name))
			lapsed[name] = endpoints
		default:
			all[name] = endpoints
		}
	}
	return all, lapsed
}

// isLapsed: systemd says that it does not run what the drop-in says.
func isLapsed(ctx context.Context, m *systemd.Manager, name string, in dropin.DropIn) bool {
	svc, err := m.Service(ctx, name)
	return err == nil && svc.LoadState == "loaded" && !in.InForce(svc)
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
