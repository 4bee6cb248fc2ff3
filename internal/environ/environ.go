// Package environ answers one question: what does an environment say to a process that gets it by execve(2)? It is a list of
// entries, in order, with duplicates perhaps and entries that are no variables. os.Getenv and its like know what the Go runtime
// has made of it; a service has to get it as it came.
//
// It stands beside the three floors because wrapper and systemd both ask.
package environ

import (
	"strconv"
	"strings"
)

// Lookup is getenv(3): of several entries of a name the first counts.
func Lookup(environ []string, name string) (value string, ok bool) {
	for _, entry := range environ {
		if value, ok = strings.CutPrefix(entry, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// Get is Lookup where to be unset and to be empty is the same.
func Get(environ []string, name string) string {
	value, _ := Lookup(environ, name)
	return value
}

// FromSystemd reports whether an environment says that systemd (248 or later) executed process pid itself, rather than one of
// its ancestors: see SYSTEMD_EXEC_PID in systemd.exec(5).
func FromSystemd(environ []string, pid int) bool {
	return Get(environ, "SYSTEMD_EXEC_PID") == strconv.Itoa(pid)
}
