// Package container answers: which container is behind this process, and how is it stopped? The process runs in it, or
// passes one of its ports on, or keeps it running.
//
// What a process says of itself, by its name and command line, is a claim that anybody can make. It may name a container
// of whoever makes it, and make portguard more careful; nothing is done because of it. So a claim of user 1000's is about
// that user's own containers, never about the system's.
package container

import (
	"fmt"
	"strings"

	"portguard/internal/passwd"
)

// Container is a container, as far as it is known.
type Container struct {
	// Runtime is docker, podman, containerd, cri-o, lxc or systemd-nspawn; kubernetes where nothing says which of them the
	// kubelet uses; "" where nothing says which at all.
	Runtime string
	// ID is what the runtime's own tools take: 64 hexadecimal digits, or the name for lxc and systemd-nspawn. "" when it is
	// not known.
	ID string
	// Pod is the uid of the Kubernetes pod, with dashes as kubectl prints it; "" outside of Kubernetes.
	Pod string
	// Name is what people call it; "" when nothing tells.
	Name string
	// Unit is the service of podman's containers that each run as one of systemd's (a quadlet), which starts them again; "" for
	// others.
	Unit string
	// User is whose it is: a rootless one is in its user's own lists. 0 is the system's.
	User uint32
	// Within is the id of the container that it is in, whose own runtime knows it; "" for none, and for the one that we are in.
	Within string
}

// String names it for people: "container web (docker)".
func (c Container) String() string {
	if c.Within != "" {
		around := c.Within
		c.Within = ""
		return fmt.Sprintf("%s in container %s", c.String(), short(around))
	}
	switch {
	case c.Name != "":
		return fmt.Sprintf("container %s (%s)", c.Name, c.Runtime)
	case c.ID != "" && c.Runtime == "":
		return "container " + short(c.ID)
	case c.ID != "":
		return fmt.Sprintf("container %s (%s)", short(c.ID), c.Runtime)
	case c.Runtime != "":
		return "a container of " + c.Runtime + "'s"
	}
	return "a container"
}

func short(id string) string {
	if isID(id) {
		return id[:12]
	}
	return id
}

// Stop is the command with which a user stops it: "docker stop web". "" when there is no such command, or the container
// has no name that a command line can have in it.
func (c Container) Stop(as uint32) string {
	if c.Within != "" { // the command is one to type in there
		return ""
	}
	if c.Unit != "" {
		return c.stopUnit(as)
	}
	name := c.Name
	if !plain(name) {
		name = short(c.ID)
	}
	if !plain(name) {
		return ""
	}
	switch c.Runtime {
	case "docker":
		if c.User != 0 {
			return fmt.Sprintf("docker -H unix:///run/user/%d/docker.sock stop %s", c.User, name)
		}
		return "docker stop " + name
	case "podman":
		return c.byItsUser("podman stop "+name, as)
	case "containerd":
		if c.Pod == "" {
			return c.byItsUser("nerdctl stop "+name, as)
		}
		return "crictl stop " + short(c.ID)
	case "cri-o", "kubernetes":
		return "crictl stop " + short(c.ID)
	case "lxc":
		return "lxc-stop -n " + name
	case "systemd-nspawn":
		return "machinectl stop " + name
	}
	return ""
}

// stopUnit is the command for the service that a container runs as: one that podman stops is started again.
func (c Container) stopUnit(as uint32) string {
	switch {
	case c.User == 0:
		return "systemctl stop " + c.Unit
	case c.User == as:
		return "systemctl --user stop " + c.Unit
	}
	if name := userName(c.User); name != "" {
		return fmt.Sprintf("systemctl --user -M %s@ stop %s", name, c.Unit)
	}
	return ""
}

// byItsUser is a command that only the container's own user can give. podman wants a working directory that this user may
// enter, which a login gives it; sudo -u from /root does not.
func (c Container) byItsUser(command string, as uint32) string {
	if c.User == as {
		return command
	}
	if c.User == 0 {
		return "sudo " + command
	}
	if name := userName(c.User); name != "" {
		return fmt.Sprintf("su - %s -c '%s'", name, command)
	}
	return ""
}

// userName is a user's name that a command line can have in it, "" when there is none.
func userName(uid uint32) string {
	u, ok := passwd.ByUID(uid)
	if !ok || !plain(u.Name) {
		return ""
	}
	return u.Name
}

// plain reports whether a name is one that docker and podman give: a shell takes it as it is, and no command for a flag.
func plain(name string) bool {
	const others = "_.-"
	if name == "" || len(name) > 255 || strings.ContainsRune(others, rune(name[0])) {
		return false
	}
	for _, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune(others, rune(c)) {
			return false
		}
	}
	return true
}
