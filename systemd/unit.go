// Package systemd knows how systemd names and does things. It knows nothing of sockets and ports.
//
// Naming a unit from a cgroup path is a function of the path: no privilege, no D-Bus, no systemd needed.
package systemd

import "strings"

// Unit is a systemd unit that has a cgroup.
type Unit struct {
	Name string // "order.service", "foo@1.service", "session-3.scope"
	// User says that it is a unit of a user's service manager, not of the system's.
	User bool
	// Owner is the system's unit that the user's manager runs in: "user@1000.service". "" when User is false.
	Owner string
}

// UnitOfCgroup names the unit that a cgroup path as in /proc/PID/cgroup belongs to, v1 or v2: the first component that
// is no slice. What lies deeper is the unit's own business (Delegate=), even when it looks like a unit, as in a container
// that runs systemd. False: the path names no unit, or is Outside.
func UnitOfCgroup(path string) (Unit, bool) {
	name, rest, ok := firstUnit(components(path))
	if !ok {
		return Unit{}, false
	}
	if !isUserManager(name) {
		return Unit{Name: name}, true
	}
	if inner, _, ok := firstUnit(rest); ok {
		return Unit{Name: inner, User: true, Owner: name}, true
	}
	return Unit{Name: name}, true
}

// Outside reports whether a cgroup path names no unit because of the cgroup namespace that it was read in: it is outside of that
// ("/../x"), or the service manager is ("/?/x").
func Outside(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first == ".." || first == "?"
}

// firstUnit skips slices; what comes next is a unit, or there is none.
func firstUnit(parts []string) (name string, rest []string, ok bool) {
	for i, part := range parts {
		part = strings.TrimPrefix(part, "_") // cg_escape() of systemd keeps kernel file names apart: "_cpu.service"
		switch {
		case hasType(part, ".slice"):
			continue
		case isUnit(part):
			return part, parts[i+1:], true
		}
		return "", nil, false
	}
	return "", nil, false
}

// components splits a path; "" and "/" have none.
func components(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// isUnit reports whether a name is that of a unit of a type that has a cgroup.
func isUnit(name string) bool {
	for _, suffix := range []string{".service", ".scope", ".socket", ".mount", ".swap"} {
		if hasType(name, suffix) {
			return true
		}
	}
	return false
}

// hasType reports whether a name is valid for a unit (VALID_CHARS_WITH_AT of systemd) and has this ending.
func hasType(name, suffix string) bool {
	const maxName = 255 // UNIT_NAME_MAX
	if len(name) <= len(suffix) || len(name) > maxName || !strings.HasSuffix(name, suffix) || name[0] == '@' {
		return false
	}
	for _, c := range []byte(name) {
		if !isAlphanumeric(c) && !strings.ContainsRune(`:-_.\@`, rune(c)) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isUserManager: user@UID.service, and capsule@NAME.service since systemd 256.
func isUserManager(name string) bool {
	instance, ok := InstanceOf(name, "user@", ".service")
	if ok {
		return strings.Trim(instance, "0123456789") == ""
	}
	_, ok = InstanceOf(name, "capsule@", ".service")
	return ok
}

// InstanceOf cuts a prefix and a suffix off; what is between them must not be empty.
func InstanceOf(name, prefix, suffix string) (string, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", false
	}
	instance, ok := strings.CutSuffix(rest, suffix)
	return instance, ok && instance != ""
}
