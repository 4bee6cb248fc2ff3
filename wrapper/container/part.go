package container

import (
	"fmt"
	"slices"
	"strings"

	"portguard/netdiag/owner"
	"portguard/systemd"
)

// Role is what a process is to containers.
type Role uint8

// The roles. The zero value: it has nothing to do with any.
const (
	None    Role = iota
	Member       // runs in the container
	Main         // runs in the container, which ends when it does
	Port         // passes a port of the host on to the container, or keeps it for what the firewall passes on
	Network      // is the container's whole network
	Monitor      // keeps the container running, and its ports
	Engine       // runs containers: dockerd, containerd
)

// String is the role as JSON has it, "" for none.
func (r Role) String() string {
	return [...]string{"", "member", "main", "port", "network", "monitor", "engine"}[r]
}

// Outside reports whether the process serves containers from outside of them.
func (r Role) Outside() bool { return r >= Port }

// Part is what one process has to do with a container.
type Part struct {
	Role      Role
	Program   string // that serves it from outside: "docker-proxy"; "" for one that runs in the container
	Container Container
	// To is where in the container a port leads, "172.17.0.2:80"; "" when the process does not say.
	To string
	// Of is the process whose network it is, where it is not a container's that could be named; "" when that is not known.
	Of string
	// published is the port that a claim names.
	published Listening
}

// Of tells what a process is to containers by its cgroup, its program and its command line alone. Whoever runs in a container
// is that container's, whatever it calls itself.
func Of(p owner.Process) Part {
	part := helperOf(p)
	c, inside := around(p)
	if !inside && part.Role == None && p.InnerPID == 1 && p.PID != 1 {
		c, inside = ofOwnNamespace(p.Cgroup)
	}
	switch {
	case !inside:
		return part
	case part.Role == None:
		part.Role = Member
		if p.InnerPID == 1 && p.PID != 1 {
			part.Role = Main
		}
	}
	part.Container, part.published = c, Listening{}
	part.Container.Unit = ownService(c, p.Cgroup)
	return part
}

// around is the container that a process is in by its cgroups: by the one that names units, too, or by another hierarchy's, where
// systemd's own is not there. A container beside the one that we are in may show by its id alone.
func around(p owner.Process) (Container, bool) {
	for _, path := range append([]string{p.Cgroup}, p.OtherCgroups...) {
		if c, ok := OfCgroup(path); ok {
			return c, true
		}
	}
	parts := strings.Split(p.Cgroup, "/")
	for i, part := range parts[1:] {
		if parts[i] == ".." && isID(part) {
			return Container{ID: part}, true
		}
	}
	return Container{}, false
}

// ofOwnNamespace is the container of a process that is pid 1 of a pid namespace below ours, in a cgroup that is called as one, and
// that is under no runtime's own: docker with a parent cgroup of somebody's choice (ECS), nerdctl, runc by hand.
func ofOwnNamespace(cgroup string) (Container, bool) {
	for _, part := range slices.Backward(strings.Split(cgroup, "/")) {
		if isID(part) {
			return Container{ID: part}, true
		}
	}
	return Container{}, false
}

// ownService is the service that has a container of podman's, and what keeps it running, in its own cgroup.
func ownService(c Container, cgroup string) string {
	u, ok := systemd.UnitOfCgroup(cgroup)
	name, service := strings.CutSuffix(u.Name, ".service")
	if !ok || !service || c.Runtime != "podman" || u.User != (c.User != 0) || name == "podman" || !plain(strings.ReplaceAll(name, "@", ".")) {
		return ""
	}
	return u.Name
}

// String says in one clause what it is, for people.
func (p Part) String() string {
	c := p.Container.String()
	switch p.Role {
	case Member:
		return "it runs in " + c
	case Main:
		return "it is the main process of " + c
	case Port:
		if p.To != "" && p.Container.Name == "" {
			return fmt.Sprintf("%s publishes a port of %s, %s", p.Program, c, p.To)
		}
		return fmt.Sprintf("%s publishes a port of %s", p.Program, c)
	case Network:
		switch {
		case p.Container.ID == "" && p.Of != "":
			c = p.Of
		case p.Container.ID == "":
			c = "what it was started for"
		}
		return fmt.Sprintf("%s is the whole network of %s", p.Program, c)
	case Monitor:
		return fmt.Sprintf("%s keeps %s running, and its published ports", p.Program, c)
	case Engine:
		return p.Program + " runs containers, which need it"
	}
	return ""
}

// Stop is the command with which a user stops the container, or finds out which one it is. "" when there is none to name.
func (p Part) Stop(as uint32) string {
	switch {
	case p.Role == None, p.Role == Engine:
		return ""
	case p.Role == Port && p.Container.Runtime == "docker" && p.Container.ID == "" && p.published.Port != 0:
		return fmt.Sprintf("docker ps --filter publish=%d", p.published.Port)
	}
	return p.Container.Stop(as)
}
