package audit

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/systemd"
	"portguard/wrapper/container"
)

const (
	// mostPorts bounds the series of one host: those of the most urgent ports are written.
	mostPorts = 1000
	// mostSquatters bounds those that are named of one port.
	mostSquatters = 3
)

// runGauges tell of the run itself. They are all that a failed one has: numbers of an earlier run would look like today's.
func runGauges(success bool, began, ended time.Time) []gauge {
	build := gauge{name: "portguard_build_info", help: "Which portguard wrote this; always 1."}
	build.add(1, label{"version", cli.ThisVersion().Version})
	return []gauge{
		build,
		single("portguard_audit_success", "", "Whether the last audit could ask the kernel: 1 or 0.", truth(success)),
		single("portguard_audit_last_run_timestamp_seconds", "seconds", "When the last audit ended, well or not, in seconds since 1970.", float64(ended.UnixMilli())/1000),
		single("portguard_audit_duration_seconds", "seconds", "How long the last audit took.", ended.Sub(began).Seconds()),
	}
}

// gauges are the metrics of a run that went well.
func (r *result) gauges() []gauge {
	all := r.hostGauges()
	rows := slices.Clone(r.rows)
	slices.SortStableFunc(rows, func(a, b entry) int { return cmp.Compare(urgency(a), urgency(b)) })
	shown := rows[:min(len(rows), mostPorts)]
	all = append(all, single("portguard_audit_unlisted_ports", "", "Ports that were judged and have no series of their own, because there are too many.", float64(len(rows)-len(shown))))
	slices.SortFunc(shown, comparePorts)
	return append(all, r.portGauges(shown)...)
}

// urgency has the ports first that must not be left out.
func urgency(r entry) int {
	switch {
	case r.taken() || r.halfUp():
		return 0
	case len(r.units) > 0:
		return 1
	case len(r.services) > 0:
		return 2
	}
	return 3
}

func (r *result) hostGauges() []gauge {
	atRisk := gauge{name: "portguard_ports_at_risk", help: "Ports that a service may not get at its next start: the kernel may pick them, or they are taken."}
	taken := gauge{name: "portguard_ports_taken", help: "Ports of services that somebody's connection has right now."}
	ports := gauge{name: "portguard_ephemeral_ports", help: "Ports that the kernel may pick: the range without reserved ports and those that were asked for by number."}
	inUse := gauge{name: "portguard_ephemeral_ports_in_use", help: "Those of portguard_ephemeral_ports that connections, TIME_WAIT or UDP sockets have."}
	halves := gauge{name: "portguard_ports_half", help: "Ports of services that listen in one address family alone, since somebody else has the port in the other."}
	unguarded := gauge{name: "portguard_ports_unguarded", help: "Ports at risk that no unit is guarded for, so that a start which finds one taken fails."}
	for _, p := range []struct {
		protocol netdiag.Protocol
		use      risk.Given
	}{{netdiag.TCP, r.use.TCP}, {netdiag.UDP, r.use.UDP}} {
		protocol := label{"protocol", p.protocol.String()}
		atRisk.add(r.countRows(p.protocol, entry.atRisk), protocol)
		halves.add(r.countRows(p.protocol, entry.halfUp), protocol)
		taken.add(r.countRows(p.protocol, entry.taken), protocol)
		unguarded.add(r.countRows(p.protocol, entry.unguarded), protocol)
		ports.add(float64(p.use.Ports), protocol)
		inUse.add(float64(p.use.InUse), protocol)
	}
	unread := gauge{name: "portguard_firewall_unread_info", help: "A program whose rules are there and are not read: they may send clients elsewhere; always 1."}
	if r.firewall != nil {
		for _, program := range r.firewall.Unread {
			unread.add(1, label{"program", program})
		}
	}
	return []gauge{
		single("portguard_audit_limits", "", "Kinds of things that the last audit could not see; the text report names them.", float64(len(r.limits))),
		single("portguard_audit_downtime_seconds", "seconds", "How long a service is taken to be down in portguard_port_loss_ratio.", r.down.Seconds()),
		atRisk, taken, halves, ports, inUse,
		unguarded, unread,
		single("portguard_reserved_ports_frozen", "", "Ports that other sysctl files reserve by now, and that will not be after the next boot: portguard reserve --renew.", float64(r.boot.frozen.Len())),
		single("portguard_reserved_ports_overridden", "", "Ports that portguard has reserved, and that will not be after the next boot: a later file has the last word.", float64(r.boot.overridden().Len())),
		single("portguard_ephemeral_ports_in_use_by_one_destination", "", "The most TCP ports that connections to one destination have; connect() fails when it has all.", float64(r.use.Busiest)),
		single("portguard_ephemeral_range_low", "", "The first port of ip_local_port_range.", float64(r.facts.Range.Low)),
		single("portguard_ephemeral_range_high", "", "The last port of ip_local_port_range.", float64(r.facts.Range.High)),
		single("portguard_reserved_ports", "", "Ports in ip_local_reserved_ports, in the range or not.", float64(r.facts.Reserved.Len())),
		single("portguard_reserved_ports_in_range", "", "Those of portguard_reserved_ports that the kernel could pick otherwise.", float64(portrange.Set{r.facts.Range}.Intersect(r.facts.Reserved).Len())),
	}
}

func (r *result) countRows(of netdiag.Protocol, counts func(entry) bool) float64 {
	n := 0
	for _, row := range r.rows {
		if row.Protocol == of && counts(row) {
			n++
		}
	}
	return float64(n)
}

// portGauges tell of single ports. What changes with a restart (process, unit) is in a metric of its own, so that the
// others have the same series before and after.
func (r *result) portGauges(rows []entry) []gauge {
	atRisk := gauge{name: "portguard_port_at_risk", help: "Whether a service may not get the port at its next start: 1 or 0."}
	guarded := gauge{name: "portguard_port_guarded", help: "Whether a unit is guarded for the port: 1 or 0."}
	diverted := gauge{name: "portguard_port_diverted", help: "Whether the firewall sends clients of the port elsewhere, whoever listens: 1 or 0; without a port where that is not known."}
	halfUp := gauge{name: "portguard_port_half", help: "Whether a service listens in one address family alone, since somebody else has the port in the other: 1 or 0."}
	squatters := gauge{name: "portguard_port_squatters", help: "Connections of others that have the port, so that the next start fails."}
	loss := gauge{name: "portguard_port_loss_ratio", unit: "ratio", help: "The chance that the port is taken while its service is down once, from 0 to 1; only for ports that the kernel may pick."}
	upper := gauge{name: "portguard_port_loss_upper_ratio", unit: "ratio", help: "The bound of portguard_port_loss_ratio at 95 %, as far as counting connections goes."}
	info := gauge{name: "portguard_port_info", help: "Who serves on the port, empty where nobody does, and which units portguard guards it for; always 1."}
	squatter := gauge{name: "portguard_port_squatter_info", help: "Who has the port instead, at most three of them; always 1."}
	for _, row := range rows {
		port := []label{{"port", strconv.Itoa(int(row.Number))}, {"protocol", row.Protocol.String()}}
		atRisk.add(truth(row.atRisk()), port...)
		guarded.add(truth(len(row.units) > 0), port...)
		halfUp.add(truth(row.halfUp()), port...)
		if r.firewall != nil && r.firewall.Known(row.diversions) {
			diverted.add(truth(len(row.diversions) > 0), port...)
		}
		squatters.add(float64(len(row.squatters())), port...)
		if row.exposed() {
			loss.add(row.chance.Chance, port...)
			upper.add(row.chance.Below, port...)
		}
		info.add(1, slices.Concat(port, whoHas(row.services), []label{{"guarded_by", strings.Join(row.units, ",")}})...)
		for _, who := range distinct(row.squatters()) {
			squatter.add(1, slices.Concat(port, who)...)
		}
	}
	return []gauge{atRisk, guarded, halfUp, diverted, squatters, loss, upper, info, squatter}
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// distinct names the first few of those who have sockets, each once.
func distinct(sockets []netdiag.Holder) [][]label {
	var all [][]label
	for i := range sockets {
		who := whoHas(sockets[i : i+1])
		if len(all) < mostSquatters && !slices.ContainsFunc(all, func(l []label) bool { return slices.Equal(l, who) }) {
			all = append(all, who)
		}
	}
	return all
}

// whoHas are labels that stay the same over restarts: no pid, and a container's name, not its id.
func whoHas(sockets []netdiag.Holder) []label {
	var process, unit, named string
	if len(sockets) > 0 {
		if s := foldService(sockets); len(s.processes) > 0 {
			process = s.processes[0].Command
		}
		cgroup := sockets[0].Cgroup
		if c, ok := container.OfCgroup(cgroup); ok {
			named = cmp.Or(container.Files{}.Name(c), c.Runtime)
		} else if u, ok := systemd.UnitOfCgroup(cgroup); ok {
			unit = u.Name
		}
	}
	return []label{{"process", process}, {"unit", unit}, {"container", named}}
}
