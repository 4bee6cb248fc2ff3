package wrapper

import (
	"context"

	"portguard/systemd"
)

// afterwards tells, of the services that victims are the main process of, which systemd starts again when they end, and which
// it will not start. What systemd would do may not be known: nothing depends on it.
func (g *Guard) afterwards(ctx context.Context, victims []*victim) map[int]string {
	notes := map[int]string{}
	units := map[int]string{}
	for _, v := range victims {
		if u, ok := systemd.UnitOfCgroup(v.process.Cgroup); ok && !u.User {
			units[v.process.PID] = u.Name
		}
	}
	if len(units) == 0 {
		return notes
	}
	m, ctx, heard, err := g.manager(ctx)
	defer heard()
	if err != nil {
		return notes
	}
	for pid, unit := range units {
		switch s, err := m.Service(ctx, unit); {
		case err != nil || s.MainPID != pid:
		case s.Frozen:
			notes[pid] = "; systemd 257 takes " + unit + " for frozen from then on: systemctl reset-failed " + unit + " before it is started again"
		case s.Restart != "" && s.Restart != "no":
			notes[pid] = "; systemd may start " + unit + " again (Restart=" + s.Restart + "), perhaps on the same port: --restart-unit restarts it away from it"
		}
	}
	return notes
}
