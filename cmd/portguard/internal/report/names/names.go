// Package names answers: what are processes, users, units and spans of time called, in front of a person? What it puts together is safe to
// print; a user's name, which JSON has as it is, is not.
package names

import (
	"fmt"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/systemd"
	"portguard/wrapper"
	"portguard/wrapper/container"
)

// UserOf names the user of a process, by number where it has no name.
func UserOf(p owner.Process) string {
	switch {
	case p.UserUnknown:
		return User(p.UID)
	case p.User != "":
		return p.User
	}
	return strconv.FormatUint(uint64(p.UID), 10)
}

// User is the name of a user, the number where it has none, and who that may be where the number is many users'.
func User(uid uint32) string {
	name, known := owner.UserName(uid)
	const outside = "a user outside this user namespace"
	switch {
	case known && name != "":
		return name
	case known:
		return strconv.FormatUint(uint64(uid), 10)
	case name != "":
		return name + " or " + outside
	}
	return outside
}

// UserJSON is a user's name or number, "" for one who is not known.
func UserJSON(uid uint32) string {
	if _, known := owner.UserName(uid); !known {
		return ""
	}
	return User(uid)
}

// Hindered says what keeps a process from ending when it is told to, after a comma. That it is asleep for a moment does not.
func Hindered(p owner.Process) string {
	if c := p.Condition; c.State == 'D' && c.Frozen == "" && !c.Killed {
		return ""
	}
	if why := wrapper.Hindrance(p.Condition); why != "" {
		return ", " + why
	}
	return ""
}

// Process is a process that has a socket, with its user, its unit and its container: "java (pid 1988719, app, order.service)".
func Process(h netdiag.Holder, p owner.Process) string {
	return fmt.Sprintf("%s (pid %d, %s%s)", page.Safe(p.Command), p.PID, page.Safe(UserOf(p)), WhereOf(CgroupOf(h, p)))
}

// Holder is the first process that has a socket, or what stands there for one.
func Holder(h netdiag.Holder) string {
	if len(h.Owners) == 0 {
		return Nobody(h)
	}
	return Process(h, h.Owners[0])
}

// Nobody stands where a process would be named.
func Nobody(h netdiag.Holder) string {
	switch h.Absence {
	case netdiag.Ownerless:
		return "no process"
	case netdiag.OfKernel:
		return "the kernel"
	case netdiag.NotAccepted:
		return "the listener's queue"
	}
	of := "user "
	if _, known := owner.UserName(h.Socket.UID); !known {
		of = ""
	}
	return "a process of " + of + page.Safe(User(h.Socket.UID))
}

// CgroupOf is that of an owner, or the one that its socket was made in: a service manager keeps sockets for its units.
func CgroupOf(h netdiag.Holder, p owner.Process) string {
	if p.Cgroup == "" || systemd.IsManager(p.Cgroup, p.Exe) {
		return h.Cgroup
	}
	return p.Cgroup
}

// WhereOf is the unit and the container of a cgroup, each after a comma.
func WhereOf(cgroup string) string {
	var b strings.Builder
	if u, ok := systemd.UnitOfCgroup(cgroup); ok {
		fmt.Fprintf(&b, ", %s", page.Safe(u.Name))
		if u.User {
			fmt.Fprintf(&b, " of %s", page.Safe(u.Owner))
		}
	}
	if c, ok := container.OfCgroup(cgroup); ok {
		id := c.ID
		if len(id) > 12 {
			id = id[:12]
		}
		if name := (container.Files{}).Name(c); name != "" && name != c.ID {
			id = name + " " + id
		}
		fmt.Fprintf(&b, ", %s container %s", c.Runtime, page.Safe(id))
	}
	return b.String()
}

// Arrow is " -> " and the peer, "" without one.
func Arrow(h netdiag.Holder) string {
	if h.Socket.Remote.Port() == 0 {
		return ""
	}
	return " -> " + netdiag.Plain(h.Socket.Remote).String()
}

// MaxProcesses is how many processes of one socket are shown: a server's workers may be hundreds. JSON has them all.
const MaxProcesses = 8

// FDs are the descriptors by which owners have a socket, after a comma.
func FDs(owners []owner.Process) string {
	switch len(owners) {
	case 0:
		return ""
	case 1:
		if p := owners[0]; p.TID != 0 {
			return fmt.Sprintf(", fd %d of thread %d alone", p.FD, p.TID)
		}
		return fmt.Sprintf(", fd %d", owners[0].FD)
	}
	var parts []string
	for _, p := range owners[:min(len(owners), MaxProcesses)] {
		parts = append(parts, fmt.Sprintf("fd %d of %d", p.FD, p.PID))
	}
	if more := len(owners) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return ", " + strings.Join(parts, ", ")
}
