package systemd

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Edited is a .socket unit that listens on ports which its files do not name any more. A reload closes those, and opens no others.
type Edited struct {
	Socket  string
	Running []string // the services of it that run: as long as they do it does not start again
}

// EditedSockets are those of the manager's, in order.
func (m *Manager) EditedSockets(ctx context.Context) ([]Edited, error) {
	units, err := m.conn.ListUnitsByPatternsContext(ctx, []string{"active"}, []string{"*.socket"})
	if err != nil {
		return nil, &Error{Op: "list units", Err: err}
	}
	folders, err := m.unitPath()
	if err != nil {
		return nil, err
	}
	var all []Edited
	for _, u := range units {
		found, err := m.conn.GetAllPropertiesContext(ctx, u.Name)
		if err != nil {
			return nil, &Error{Op: "look at", Unit: u.Name, Err: err}
		}
		p := properties(found)
		if !p.flag("NeedDaemonReload") && !newDropIn(folders, u.Name, p.texts("DropInPaths")) {
			continue
		}
		listens, err := m.Listens(ctx, u.Name)
		if err != nil {
			return nil, err
		}
		if !closes(listens, unitFiles(folders, u.Name)) {
			continue
		}
		e := Edited{Socket: u.Name}
		for _, service := range p.texts("Triggers") {
			s, err := m.conn.GetUnitPropertiesContext(ctx, service)
			if err == nil && !p.flag("Accept") && isUp(properties(s).text("ActiveState")) {
				e.Running = append(e.Running, service)
			}
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Edited) int { return strings.Compare(a.Socket, b.Socket) })
	return all, nil
}

// newDropIn finds what NeedDaemonReload leaves out: the first drop-in in a new folder (seen with 247 and 252). One that is empty, or a
// link to /dev/null, or that has a loaded one's name, is no new one.
func newDropIn(folders []string, unit string, loaded []string) bool {
	names := map[string]bool{}
	for _, path := range loaded {
		names[filepath.Base(path)] = true
	}
	return slices.ContainsFunc(dropInFiles(folders, unit), func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular() && info.Size() > 0 && !names[filepath.Base(path)]
	})
}

// dropInFiles are the drop-ins in the folders that are a unit's, whether they are loaded or not.
func dropInFiles(folders []string, unit string) (paths []string) {
	for _, folder := range folders {
		for _, of := range dropInNames(unit) {
			found, _ := os.ReadDir(filepath.Join(folder, of+".d")) // most are not there
			for _, f := range found {
				if filepath.Ext(f.Name()) == ".conf" {
					paths = append(paths, filepath.Join(folder, of+".d", f.Name()))
				}
			}
		}
	}
	return paths
}

// dropInNames are the unit, its template, those of each beginning of its name ("a-b.socket": "a-.socket"), and its type.
func dropInNames(unit string) []string {
	ext := filepath.Ext(unit)
	names := []string{unit, strings.TrimPrefix(ext, ".")}
	stem := strings.TrimSuffix(unit, ext)
	if template, _, ok := strings.Cut(stem, "@"); ok {
		names = append(names, template+"@"+ext)
	}
	for i, c := range []byte(stem) {
		if c == '-' && i+1 < len(stem) {
			names = append(names, stem[:i+1]+ext)
		}
	}
	return names
}
