package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/nat"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/risk"
)

// atBoot is what will not be reserved after the next boot, though a file reserves it.
type atBoot struct {
	frozen portrange.Set // portguard's own file has the last word, and another's list as it was
	lost   []reserved.Lost
}

func (b atBoot) overridden() portrange.Set {
	var all portrange.Set
	for _, l := range b.lost {
		all = all.Union(l.Ports)
	}
	return all
}

// wrong: a boot will undo a reservation.
func (b atBoot) wrong() bool { return len(b.frozen)+len(b.lost) > 0 }

// readBoot reads the files; what cannot be read is noted.
func (r *result) readBoot() {
	s, err := reserved.Read("/")
	if err != nil {
		r.note(fmt.Sprintf("what will be reserved after the next boot cannot be seen: %v", err))
		return
	}
	r.boot = atBoot{s.Frozen(), s.Lost()}
}

// unseenThings are the limits, and what was not looked at for want of a privilege.
func (r *result) unseenThings() []string {
	if r.unseen == "" {
		return r.limits
	}
	return append(slices.Clone(r.limits), r.unseen)
}

// readFirewall finds the rows whose clients get elsewhere.
func (r *result) readFirewall() {
	rules, err := report.ReadFirewall()
	if err != nil {
		r.unseen = fmt.Sprintf("whether the firewall sends clients elsewhere cannot be seen: %v", err)
		return
	}
	r.firewall = rules
	if len(rules.Unread) > 0 {
		r.unseen = fmt.Sprintf("whether rules of %s send clients elsewhere is not looked at", strings.Join(rules.Unread, " and "))
	}
	for i := range r.rows {
		row := &r.rows[i]
		row.diversions = divertedOf(rules, *row)
	}
}

// divertedOf asks for each address that a service has the port on, or for all.
func divertedOf(rules *nat.Rules, row entry) []nat.Diversion {
	addresses := []netip.Addr{{}}
	if len(row.services) > 0 {
		addresses = nil
		for _, h := range row.services {
			addresses = append(addresses, netdiag.Plain(h.Socket.Local).Addr())
		}
	}
	var all []nat.Diversion
	seen := map[nat.Diversion]bool{}
	for _, a := range addresses {
		for _, d := range report.Diverted(rules, netdiag.Endpoint{Protocol: row.Protocol, Addr: a, Port: row.Number}) {
			if !seen[d] {
				seen[d] = true
				all = append(all, d)
			}
		}
	}
	return all
}

// slow is a destination that has so many ports that each further connect() to it searches most of the range for one.
func (r *result) slow() (to risk.Route, part float64) {
	const half = 0.5
	if ports := r.use.TCP.Ports; ports > 0 {
		part = float64(r.use.Busiest) / float64(ports)
	}
	if part < half {
		return risk.Route{}, 0
	}
	return r.use.BusiestTo, part
}

// findings are what is wrong beside the ports that can be lost.
func (r *result) findings() []answer {
	var all []answer
	if f := r.boot.frozen; len(f) > 0 {
		all = append(all, answer{fmt.Sprintf("%s, which other files reserve by now, will not be reserved after the next boot: %s has the last word", page.Cut(f.String(), 60), reserved.Path), "portguard reserve --renew"})
	}
	for _, l := range r.boot.lost {
		all = append(all, answer{fmt.Sprintf("%s will not be reserved after the next boot: %s comes after %s, and with %s it has the last word", page.Cut(l.Ports.String(), 60), page.Safe(l.Line.Where()), reserved.Path, l.Program), ""})
	}
	if to, part := r.slow(); part > 0 {
		all = append(all, answer{fmt.Sprintf("connections to %s have %.0f %% of the ports: each new one searches most of the range for one, which takes milliseconds instead of microseconds", to.To, 100*part), ""})
	}
	return all
}
