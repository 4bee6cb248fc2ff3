package install

import (
	"path/filepath"
	"slices"

	"portguard/cmd/portguard/internal/unit/listens"
	"portguard/internal/taken"
	"portguard/netdiag"
	"portguard/systemd"
)

// noteHabit is about a server that is known to go on when somebody has its port: systemd takes it for started then, unless somebody
// looks whether it listens.
func (in *installation) noteHabit(p *plan, svc systemd.Service) {
	if in.ready != "" {
		return
	}
	name := in.processOf(svc)
	switch does := taken.By(name); {
	case does == taken.Half && in.inBothFamilies():
		p.say("%s goes on with IPv6 alone when somebody has its port in IPv4, and counts as started: with --ready 30s such a start fails", name)
	case does == taken.Deaf:
		p.say("%s goes on without its port when somebody has it, and counts as started: with --ready 30s such a start fails", name)
	}
}

// processOf is the name of the process that listens, or of the program that systemd starts.
func (in *installation) processOf(svc systemd.Service) string {
	if i := slices.IndexFunc(in.running, func(l listens.Listener) bool { return l.Process != "" }); i >= 0 {
		return in.running[i].Process
	}
	if len(svc.ExecStart) == 1 {
		return filepath.Base(svc.ExecStart[0].Path)
	}
	return ""
}

// inBothFamilies reports whether there is a port that the service has in IPv4 and in IPv6.
func (in *installation) inBothFamilies() bool {
	four, six := map[uint16]bool{}, map[uint16]bool{}
	for _, e := range in.endpoints {
		if e.Protocol == netdiag.TCP {
			four[e.Port] = four[e.Port] || !e.V6Only && (e.EveryAddress() || e.Addr.Unmap().Is4())
			six[e.Port] = six[e.Port] || e.EveryAddress() || !e.Addr.Unmap().Is4()
		}
	}
	return slices.ContainsFunc(in.endpoints, func(e netdiag.Endpoint) bool { return four[e.Port] && six[e.Port] })
}
