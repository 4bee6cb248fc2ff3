package wrapper

import (
	"context"

	"portguard/systemd"
)

// willRestart tells, of the services that victims are the main process of, which systemd starts again when they end.
func willRestart(ctx context.Context, victims []*victim) map[int]string {
	notes := map[int]string{}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
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
