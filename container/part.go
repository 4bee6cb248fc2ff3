package container

import "portguard/netdiag/owner"

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
	c, inside := OfCgroup(p.Cgroup)
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
	return part
}
