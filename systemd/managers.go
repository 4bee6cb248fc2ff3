package systemd

import (
	"path"
	"strings"
)

// IsManager reports whether a process is a service manager of systemd's: the system's, a user's, or that of a container.
// Each calls the cgroup that it keeps for itself init.scope, below whatever it was given. Its program tells it where cgroups
// do not.
func IsManager(cgroup, exe string) bool {
	return strings.HasSuffix(cgroup, "/init.scope") || path.Base(exe) == "systemd"
}

// Command is what a person types to stop or restart the unit that a cgroup path names, "" for what is no unit to stop. user is
// the name of whose manager it is, where it is a user's.
func Command(verb, cgroup, user string) string {
	u, ok := UnitOfCgroup(cgroup)
	switch {
	case !ok || !hasType(u.Name, ".service") && !hasType(u.Name, ".socket") || isUserManager(u.Name):
		return ""
	case !u.User:
		return "systemctl " + verb + " " + u.Name
	case user == "" || !strings.HasPrefix(u.Owner, "user@"):
		return ""
	}
	return "systemctl --user -M " + user + "@ " + verb + " " + u.Name
}
