package wrapper

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"portguard/netdiag/owner"
	"portguard/systemd"
)

// Only narrows whom a rung may touch. Values of one key are alternatives; keys that are given must all match. The zero
// value matches every process.
type Only struct {
	Users []string // names or numbers
	Units []string // globs, as path.Match reads them
	Exes  []string // globs of the executable's whole path
}

// Add reads one KEY=VALUE.
func (o *Only) Add(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || value == "" {
		return fmt.Errorf("%q is not KEY=VALUE", text)
	}
	if _, err := path.Match(value, ""); err != nil && key != "user" {
		return fmt.Errorf("%q is not a glob", value)
	}
	switch key {
	case "user":
		o.Users = append(o.Users, value)
	case "unit":
		o.Units = append(o.Units, value)
	case "exe":
		o.Exes = append(o.Exes, value)
	default:
		return fmt.Errorf("%q is none of user, unit, exe", key)
	}
	return nil
}

// excludes says why a process may not be touched, "" when it may.
func (o Only) excludes(p owner.Process) string {
	unit, _ := systemd.UnitOfCgroup(p.Cgroup)
	switch {
	case len(o.Users) > 0 && !slices.Contains(o.Users, p.User) && !slices.Contains(o.Users, strconv.Itoa(int(p.UID))):
		return "--only user="
	case len(o.Units) > 0 && !matchAny(o.Units, unit.Name):
		return "--only unit="
	case len(o.Exes) > 0 && !matchAny(o.Exes, p.Exe):
		return "--only exe="
	}
	return ""
}

// matchAny is about a name that is known: "*" would match "" as well.
func matchAny(globs []string, name string) bool {
	return name != "" && slices.ContainsFunc(globs, func(g string) bool {
		ok, _ := path.Match(g, name)
		return ok
	})
}
