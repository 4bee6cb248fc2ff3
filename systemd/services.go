package systemd

import (
	"context"
	"os"
	"slices"
	"strings"
)

// Services names the services that systemd can start: those of its unit files, and those that it has loaded, instances of
// templates among them. The templates themselves are not. In order, each once.
//
// The files are looked for here. Who asks systemd for them is told of each whether it is enabled, too, for which systemd reads all folders
// of links once a file, and does nothing else meanwhile: with a thousand enabled services nobody's start or stop goes on for seconds.
func (m *Manager) Services(ctx context.Context) ([]string, error) {
	names, err := m.serviceFiles()
	if err != nil {
		return nil, err
	}
	units, err := m.conn.ListUnitsByPatternsContext(ctx, nil, []string{"*.service"})
	if err != nil {
		return nil, &Error{Op: "list units", Err: err}
	}
	for _, u := range units {
		if u.LoadState == Loaded {
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

// serviceFiles are the names of what lies in the folders that systemd has its units from.
func (m *Manager) serviceFiles() ([]string, error) {
	folders, err := m.unitPath()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, folder := range folders {
		files, _ := os.ReadDir(folder) // systemd names those that are not there as well
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".service") {
				names = append(names, f.Name())
			}
		}
	}
	return names, nil
}
