// Package enabled answers: which ports may services want that the next boot starts, whether they run now or not? It reads files,
// as systemd may not be there to be asked.
package enabled

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"portguard/systemd/unitfile"
)

// folders are where unit files and drop-ins are, the strongest first.
var folders = [...]string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system"}

// Ports are the numbers of ports that the files of enabled services and sockets have, by unit: where sockets listen, what a command
// line, an environment or an environment's file says. Some are no ports, but a time or an amount of memory: it is for what should
// rather keep away from a port too many. root is "/" for the host's own.
func Ports(root string) map[string][]uint16 {
	ports := map[string][]uint16{}
	for _, unit := range units(root) {
		for _, line := range lines(root, unit) {
			for _, p := range numbers(line) {
				if !slices.Contains(ports[unit], p) {
					ports[unit] = append(ports[unit], p)
				}
			}
		}
	}
	return ports
}

// units are the services and sockets that something wants.
func units(root string) []string {
	var all []string
	for _, folder := range folders {
		for _, how := range []string{"wants", "requires", "upholds"} {
			found, _ := filepath.Glob(filepath.Join(root, folder, "*."+how, "*")) // the pattern is right
			for _, f := range found {
				name := filepath.Base(f)
				if ext := filepath.Ext(name); ext == ".service" || ext == ".socket" {
					all = append(all, name)
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// lines are the values of a unit that may have a port in them.
func lines(root, unit string) []string {
	files := files(root, unit)
	var all []string
	for _, key := range []string{"ListenStream", "ListenDatagram"} {
		all = append(all, unitfile.List(files, "Socket", key)...)
	}
	for _, key := range []string{"ExecStart", "Environment"} {
		all = append(all, unitfile.List(files, "Service", key)...)
	}
	for _, name := range unitfile.List(files, "Service", "EnvironmentFile") {
		text, _ := read(filepath.Join(root, strings.TrimPrefix(name, "-"))) // one that is missing says nothing
		for _, a := range unitfile.Parse(text) {
			all = append(all, a.Value)
		}
	}
	if _, instance, ok := strings.Cut(strings.TrimSuffix(unit, filepath.Ext(unit)), "@"); ok {
		all = append(all, instance)
	}
	return all
}

// files are the unit's file and its drop-ins, in systemd's order.
func files(root, unit string) [][]unitfile.Assignment {
	names := []string{unit}
	if name, _, ok := strings.Cut(unit, "@"); ok {
		names = append(names, name+"@"+filepath.Ext(unit))
	}
	var all [][]unitfile.Assignment
	dropins := map[string]string{} // by name: the first folder's wins
	for _, name := range names {
		for _, folder := range folders {
			if text, ok := read(filepath.Join(root, folder, name)); ok && len(all) == 0 {
				all = append(all, unitfile.Parse(text))
			}
			found, _ := os.ReadDir(filepath.Join(root, folder, name+".d")) // most have none
			for _, f := range found {
				if filepath.Ext(f.Name()) == ".conf" {
					dropins[f.Name()] = cmp.Or(dropins[f.Name()], filepath.Join(root, folder, name+".d", f.Name()))
				}
			}
		}
	}
	for _, path := range sorted(dropins) {
		if text, ok := read(path); ok {
			all = append(all, unitfile.Parse(text))
		}
	}
	return all
}

// sorted are the values in the order of their keys.
func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = m[k]
	}
	return keys
}

// read is a file of a usual size; a pipe or a device in its place is left alone.
func read(path string) (string, bool) {
	const usual = 1 << 20
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > usual {
		return "", false
	}
	text, err := os.ReadFile(path)
	return string(text), err == nil
}

// numbers are those of a line that could be a port: -p8080, --port=8080, [::]:8080, PORT=8080; 8192m and 10.0.30.0 are none.
func numbers(line string) []uint16 {
	words := strings.FieldsFunc(line, func(r rune) bool {
		return r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	var all []uint16
	for _, w := range words {
		if w[0] > '9' {
			w = w[1:] // a short flag
		}
		if n, err := strconv.ParseUint(w, 10, 16); err == nil && n > 0 {
			all = append(all, uint16(n))
		}
	}
	return all
}
