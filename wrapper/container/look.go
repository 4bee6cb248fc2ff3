package container

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"portguard/netdiag/owner"
)

// Finder finds out which container is behind a process, where the process alone does not tell. The zero value looks at this
// host.
type Finder struct {
	Files   Files
	Scanner owner.Scanner
}

// limit is how long all that is asked about one process may take: an engine that does not answer, or a home directory on a
// server that is gone, must not hold a start up.
const limit = 2 * time.Second

// Listening is where a process listens on this host; the zero value for one that does not.
type Listening struct {
	Protocol string // "tcp", "udp"
	Addr     netip.Addr
	Port     uint16
}

// Look tells what a process is to containers, and which one it is. It takes no longer than two seconds, nor than ctx has left, and
// microseconds for a process that has nothing to do with any. What it is, which decides whether it may be touched, hangs on
// nobody's answer.
func (f Finder) Look(ctx context.Context, p owner.Process, at Listening) Part {
	part := Of(p)
	if part.Role == Member && f.endsWith(p, part.Container) {
		part.Role = Main
	}
	if part.Container.Within != "" && f.isOurs(part.Container.Within) {
		part.Container.Within = ""
	}
	if part.Role == None || ctx.Err() != nil {
		return part
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan Part, 1)
	go func() { done <- f.look(ctx, part, p, at) }()
	select {
	case known := <-done:
		return known
	case <-ctx.Done():
		return part
	}
}

func (f Finder) look(ctx context.Context, part Part, p owner.Process, at Listening) Part {
	switch {
	case part.Container.ID != "":
	case part.Container.Runtime == "docker":
		f.askDocker(ctx, &part, at)
	case part.Role == Port, part.Role == Network:
		f.behind(ctx, &part, p)
	}
	if part.Container.Name == "" && part.Container.ID != "" {
		part.Container.Name = f.name(ctx, part.Container, p)
	}
	return part
}

// endsWith reports whether a container ends when the process does, although it is not pid 1 there: the child of an init that
// ends with its child, and where the container sees the host's pids the first one in it.
func (f Finder) endsWith(p owner.Process, c Container) bool {
	parent, err := f.Scanner.Process(p.Parent)
	if err != nil {
		return false
	}
	if c2, _ := around(parent); c2.ID != c.ID {
		return p.InnerPID == p.PID
	}
	switch program(parent) {
	case "docker-init", "tini", "tini-static", "catatonit", "dumb-init", "podman-init":
		return parent.InnerPID == 1
	}
	return false
}

// isOurs reports whether portguard runs in this container.
func (f Finder) isOurs(id string) bool {
	self, err := f.Scanner.Process(os.Getpid())
	c, _ := around(self)
	return err == nil && c.ID == id
}

// askDocker finds the container that publishes the port.
func (f Finder) askDocker(ctx context.Context, part *Part, at Listening) {
	claim := part.published
	if claim.Port == 0 {
		claim = at
	}
	if claim.Port == 0 {
		return
	}
	all, err := f.Files.dockerContainers(ctx, part.Container.User)
	if err != nil {
		return
	}
	if c, ok := publisher(all, claim); ok {
		part.Container.ID, part.Container.Name = c.ID, c.name()
		part.Role = Port
	}
}

// behind finds the container whose network a process serves: the network namespaces that it has to do with have processes
// with a container's cgroup.
func (f Finder) behind(ctx context.Context, part *Part, p owner.Process) {
	for _, link := range f.Scanner.Links(p.PID, 1, 2) { // podman has slirp4netns write to slirp4netns-ID.log
		id, ok := strings.CutPrefix(strings.TrimSuffix(filepath.Base(link), ".log"), "slirp4netns-")
		if ok && isID(id) && part.Program == "slirp4netns" {
			part.Container.Runtime, part.Container.ID = "podman", id
			return
		}
	}
	for _, ns := range f.Scanner.Networks(p.PID) {
		inside, err := f.Scanner.InNetwork(ctx, ns)
		if err != nil {
			return
		}
		for _, q := range inside {
			if c, ok := around(q); ok {
				part.Container = c
				part.Container.Unit = ownService(c, q.Cgroup)
				return
			}
			if c := f.keptRunning(q, p); c.ID != "" {
				part.Container = c
				return
			}
			if part.Of == "" && q.PID != p.PID && q.Parent != p.PID {
				part.Of = q.Named()
			}
		}
	}
}

// keptRunning is the container of the process that started q, where cgroups tell of none ("podman run --cgroups=disabled", as in a container
// or without a systemd of the user's): conmon's, if it is run by the user of p.
func (f Finder) keptRunning(q, p owner.Process) Container {
	parent, err := f.Scanner.Process(q.Parent)
	if m := helperOf(parent); err == nil && m.Role == Monitor && m.Container.User == p.UID && !p.UserUnknown {
		return m.Container
	}
	return Container{}
}

// name asks the runtime's files first, then the process that keeps the container running, then docker.
func (f Finder) name(ctx context.Context, c Container, p owner.Process) string {
	if name := f.Files.Name(c); name != "" {
		return name
	}
	if c.Runtime == "docker" {
		all, err := f.Files.dockerContainers(ctx, c.User)
		if err != nil {
			return ""
		}
		for _, d := range all {
			if d.ID == c.ID {
				return d.name()
			}
		}
		return ""
	}
	const generations = 32
	for range generations {
		parent, err := f.Scanner.Process(p.Parent)
		if err != nil {
			return ""
		}
		if m := helperOf(parent); m.Role == Monitor && m.Container.ID == c.ID && m.Container.User == c.User {
			return m.Container.Name
		}
		p = parent
	}
	return ""
}
