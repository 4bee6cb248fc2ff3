package systemd

import (
	"context"
	"path"
	"slices"
)

// Services names the services that systemd can start: those of its unit files, and those that it has loaded, instances of
// templates among them. The templates themselves are not. In order, each once.
func (m *Manager) Services(ctx context.Context) ([]string, error) {
	const services = "*.service"
	files, err := m.conn.ListUnitFilesByPatternsContext(ctx, nil, []string{services})
	if err != nil {
		return nil, &Error{Op: "list unit files", Err: err}
	}
	units, err := m.conn.ListUnitsByPatternsContext(ctx, nil, []string{services})
	if err != nil {
		return nil, &Error{Op: "list units", Err: err}
	}
	var names []string
	for _, f := range files {
		names = append(names, path.Base(f.Path))
	}
	for _, u := range units {
		if u.LoadState == "loaded" {
			names = append(names, u.Name)
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, err := ServiceName(name)
		return err != nil
	})
	slices.Sort(names)
	return slices.Compact(names), nil
}
