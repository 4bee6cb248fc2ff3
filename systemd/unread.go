package systemd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Unread reports whether a reload may show more of a service than systemd has loaded: files that have changed since, or what systemd does
// not notice itself (seen with 247 and 252), which are drop-ins in a new folder and a unit file in the place of the loaded one. It may be wrong
// about a drop-in that another one hides, and not the other way round.
func (m *Manager) Unread(s Service) (bool, error) {
	if s.Outdated {
		return true, nil
	}
	folders, err := m.unitPath()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(s.Names, func(name string) bool {
		return anyUnloaded(dropInFiles(folders, name), s.DropInPaths) || anyUnloaded(unitFile(folders, name), []string{s.FragmentPath})
	}), nil
}

// unitFile is the file that a unit is loaded from, or its template, in the first of the folders that has one; a link to /dev/null as well.
func unitFile(folders []string, unit string) []string {
	names := []string{unit}
	if template, _, ok := strings.Cut(unit, "@"); ok {
		names = append(names, template+"@"+filepath.Ext(unit))
	}
	for _, name := range names {
		for _, folder := range folders {
			path := filepath.Join(folder, name)
			if _, err := os.Lstat(path); err == nil {
				return []string{path}
			}
		}
	}
	return nil
}

// anyUnloaded reports whether one of the files is none of the loaded ones, by whatever path.
func anyUnloaded(files, loaded []string) bool {
	var known []os.FileInfo
	for _, path := range loaded {
		if info, err := os.Stat(path); err == nil {
			known = append(known, info)
		}
	}
	return slices.ContainsFunc(files, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && !slices.ContainsFunc(known, func(k os.FileInfo) bool { return os.SameFile(k, info) })
	})
}

// unitPath are the folders of the manager's unit files.
func (m *Manager) unitPath() (folders []string, err error) {
	text, err := m.conn.GetManagerProperty("UnitPath")
	if err == nil {
		err = json.Unmarshal([]byte(text), &folders) // a list of strings in D-Bus' own text form reads as JSON's
	}
	if err != nil {
		return nil, &Error{Op: "ask for UnitPath", Err: err}
	}
	return folders, nil
}
