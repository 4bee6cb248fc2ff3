package systemd

import (
	"cmp"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"portguard/internal/wholefile"
	"portguard/systemd/unitfile"
)

// closes reports whether a reload closes a port: one that a .socket unit listens on and its files do not name any more. Most edits
// leave them all: a comment, a time stamp, a limit. What has a path has no port.
func closes(listens []Listen, files [][]unitfile.Assignment) bool {
	return slices.ContainsFunc(listens, func(l Listen) bool {
		return hasPort(l) && !slices.ContainsFunc(unitfile.List(files, "Socket", "Listen"+l.Type), l.isNamedBy)
	})
}

func hasPort(l Listen) bool {
	i := strings.LastIndexByte(l.Address, ':')
	return i >= 0 && !strings.ContainsRune("/@", rune(l.Address[0])) && strings.Trim(l.Address[i+1:], "0123456789") == ""
}

// isNamedBy reports whether a value of ListenStream= ... is this address. What a specifier comes to is taken to fit.
func (l Listen) isNamedBy(value string) bool {
	given, address := value, l.Address
	if !strings.Contains(given, ":") { // a port alone is every address, of IPv4 where there is no IPv6
		address = strings.TrimPrefix(strings.TrimPrefix(address, "[::]:"), "0.0.0.0:")
	}
	specifier := regexp.MustCompile(`%[a-zA-Z]`)
	if fits := regexp.MustCompile("^" + specifier.ReplaceAllString(regexp.QuoteMeta(given), ".+") + "$"); fits.MatchString(address) {
		return true
	}
	one, err1 := netip.ParseAddrPort(given) // "[0::1]:80"
	other, err2 := netip.ParseAddrPort(address)
	return err1 == nil && err2 == nil && one == other
}

// unitFiles are a unit's file and its drop-ins as systemd would read them now, none where the file is gone or is a link to /dev/null.
func unitFiles(folders []string, unit string) [][]unitfile.Assignment {
	var all [][]unitfile.Assignment
	dropIns := map[string]string{} // by name: the first folder's wins
	for _, of := range dropInNames(unit) {
		for _, folder := range folders {
			path := filepath.Join(folder, of)
			if text, err := wholefile.Read(path); err == nil && len(all) == 0 {
				all = append(all, unitfile.Parse(string(text)))
			}
			found, _ := os.ReadDir(path + ".d") // most have none
			for _, f := range found {
				if filepath.Ext(f.Name()) == ".conf" {
					dropIns[f.Name()] = cmp.Or(dropIns[f.Name()], filepath.Join(path+".d", f.Name()))
				}
			}
		}
	}
	if len(all) == 0 || len(all[0]) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(dropIns)) {
		if text, err := wholefile.Read(dropIns[name]); err == nil {
			all = append(all, unitfile.Parse(string(text)))
		}
	}
	return all
}
