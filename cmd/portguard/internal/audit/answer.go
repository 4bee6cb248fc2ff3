package audit

import (
	"fmt"
	"strings"

	"portguard/cmd/portguard/internal/page"
	"portguard/systemd"
	"portguard/wrapper/container"
)

// answer is the report in a sentence for the ports that can be lost, and one for those that are: what to do comes behind the colon.
type answer struct{ says, command string }

func (r *result) answers() []answer {
	var all []answer
	if a, ok := r.canBeLost(); ok {
		all = append(all, a)
	}
	if taken := r.takenPorts(); taken != "" {
		says := "1 port is somebody else's now, and the next start there fails"
		if n := r.countWhere(entry.taken); n > 1 {
			says = fmt.Sprintf("%s are somebody else's now, and the next starts there fail", page.Count(n))
		}
		all = append(all, answer{says, "portguard -p " + taken})
	}
	if n := r.countWhere(entry.halfUp); n > 0 {
		all = append(all, answer{fmt.Sprintf("%s served by half: somebody else has it in the other address family, whose clients do not get to the service", are(n)), ""})
	}
	return all
}

func are(ports int) string {
	if ports == 1 {
		return "1 port is"
	}
	return page.Count(ports) + " are"
}

// canBeLost counts services, and of ports that nobody serves on the ports.
func (r *result) canBeLost() (answer, bool) {
	services, at, vacant := r.services(), 0, 0
	ports := 0
	for _, exposed := range services {
		if exposed > 0 {
			at++
			ports += exposed
		}
	}
	for _, row := range r.rows {
		if row.exposed() && serviceOf(row) == "" {
			vacant++
		}
	}
	a := answer{command: r.keeps()}
	switch {
	case at > 0:
		a.says = fmt.Sprintf("%d of %s can lose %s", at, countServices(len(services)), theirPorts(at, ports))
		if vacant > 0 {
			a.says += fmt.Sprintf(", and %s that nobody serves on can be taken", page.Count(vacant))
		}
	case vacant > 0:
		a.says = page.Count(vacant) + " can be taken"
	}
	return a, a.says != ""
}

func countServices(n int) string {
	if n == 1 {
		return "1 service"
	}
	return fmt.Sprintf("%d services", n)
}

func theirPorts(services, ports int) string {
	switch {
	case ports > services:
		return page.Count(ports)
	case services == 1:
		return "its port"
	}
	return "their port"
}

// services are those of the host that have asked for a port, or are guarded for one, and how many of the ports of each can be lost.
func (r *result) services() map[string]int {
	all := map[string]int{}
	for _, name := range r.elsewhere {
		all[name] += 0
	}
	for _, row := range r.rows {
		name := serviceOf(row)
		if name == "" {
			continue
		}
		all[name] += 0
		if row.exposed() {
			all[name]++
		}
	}
	return all
}

// serviceOf tells one service from another: by its container, its unit, or its main process, which has the lowest number as a
// rule. A unit that is guarded is a service while it is down, too. "" where there is none.
func serviceOf(row entry) string {
	s := foldService(row.services)
	if s == nil {
		if len(row.units) > 0 {
			return "/" + row.units[0]
		}
		return ""
	}
	cgroup := row.services[0].Cgroup
	if c, ok := container.OfCgroup(cgroup); ok {
		return c.ID
	}
	if u, ok := systemd.UnitOfCgroup(cgroup); ok && strings.HasSuffix(u.Name, ".service") {
		return u.Owner + "/" + u.Name
	}
	if len(s.processes) > 0 {
		return fmt.Sprintf("process %d", s.processes[0].PID)
	}
	return "port " + row.Port.String()
}
