package systemd

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// DynamicUser is the number of a user whom systemd has made for a service that runs or is about to (DynamicUser=). Only root
// may know: the files have the number for a name, and the name in them.
func DynamicUser(name string) (uid uint32, ok bool) {
	return dynamicUser("/run/systemd/dynamic-uid", name)
}

func dynamicUser(dir, name string) (uid uint32, ok bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, false
	}
	for _, e := range entries {
		n, err := strconv.ParseUint(e.Name(), 10, 32)
		if err != nil {
			continue // up to systemd 257 there are symbolic links for either direction beside it
		}
		if text, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil && strings.TrimSuffix(string(text), "\n") == name {
			return uint32(n), true
		}
	}
	return 0, false
}
