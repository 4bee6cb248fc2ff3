package audit

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/portrange/risk"
)

// ports is the table; ports with nothing on them share a line with their like.
func (t auditText) ports(r *auditReport) {
	if len(r.rows) == 0 {
		fmt.Fprintln(t.w, t.paint.Good("nothing is at risk")+": no service has a port of the range that is not reserved")
		return
	}
	n := 0
	for _, row := range r.rows {
		if row.atRisk() {
			n++
		}
	}
	if n == 0 {
		fmt.Fprintln(t.w, t.paint.Good("nothing is at risk"))
	} else {
		fmt.Fprintf(t.w, "%s: the chance is that of a service which is down for %s\n", t.paint.Bad(cli.Count(n)+" at risk"), r.down)
	}
	fmt.Fprintln(t.w)
	table := tabwriter.NewWriter(t.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PORT\tCHANCE\tSTATE\tSERVICE")
	for i := 0; i < len(r.rows); {
		first, last, chance := r.rows[i], i, r.rows[i].chance
		for last+1 < len(r.rows) && alike(first, r.rows[last+1]) && r.rows[last+1].Number == r.rows[last].Number+1 {
			last++
			chance.Chance, chance.Below = max(chance.Chance, r.rows[last].chance.Chance), max(chance.Below, r.rows[last].chance.Below)
		}
		name, prefix := first.Port.String(), ""
		if last > i {
			name = fmt.Sprintf("%d-%s", first.Number, r.rows[last].Port.String())
			if chance.Chance > 0 && first.exposed() {
				prefix = "up to "
			}
		}
		fmt.Fprintf(table, "%s\t%s%s\t%s\t%s\n", name, prefix, chanceText(first, chance), stateText(first), serviceText(first))
		for _, c := range clientLines(first) {
			fmt.Fprintf(table, "\t\t\t%s\n", c)
		}
		i = last + 1
	}
	_ = table.Flush() // a broken pipe shows at the end
}

// deserted is a port on which nothing is.
func deserted(r auditRow) bool { return len(r.services)+len(r.clients) == 0 }

func alike(a, b auditRow) bool {
	return deserted(a) && deserted(b) && a.Protocol == b.Protocol && a.exposed() == b.exposed() && a.reserved == b.reserved &&
		slices.Equal(a.units, b.units)
}

func stateText(r auditRow) string {
	switch {
	case r.taken():
		return "taken"
	case r.exposed():
		return "at risk"
	case r.reserved:
		return "reserved"
	}
	return "outside the range"
}

// chanceText is a percentage and the number of restarts that go wrong once.
func chanceText(r auditRow, e risk.Estimate) string {
	switch {
	case !r.exposed():
		return "-"
	case e.Chance == 0:
		return "below " + percent(e.Below)
	case e.Chance > 0.5:
		return percent(e.Chance)
	}
	return fmt.Sprintf("%s (1 in %.0f)", percent(e.Chance), math.Round(1/e.Chance))
}

func percent(p float64) string {
	switch p *= 100; {
	case p >= 10:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 0.1:
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.2g %%", p)
}

// serviceText names a service in one line.
func serviceText(r auditRow) string {
	s := foldService(r.services)
	var parts []string
	switch {
	case s == nil:
		parts = append(parts, "nothing listens")
	case len(s.processes) == 0:
		parts = append(parts, report.Nobody(r.services[0])+report.WhereOf(r.services[0].Cgroup))
	default:
		p := s.processes[0]
		more := ""
		if n := len(s.processes) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		parts = append(parts, fmt.Sprintf("%s (pid %d%s, %s%s)", cli.Safe(p.Command), p.PID, more, cli.Safe(report.UserOf(p)), report.WhereOf(r.services[0].Cgroup)))
	}
	if s != nil && !(len(s.addresses) == 1 && (s.addresses[0] == "0.0.0.0" || s.addresses[0] == "::")) {
		parts = append(parts, "on "+strings.Join(s.addresses, ", "))
	}
	for _, u := range r.units {
		parts = append(parts, "guarded for "+cli.Safe(u))
	}
	return strings.Join(parts, ", ")
}

// clientLines name the connections that have the port.
func clientLines(r auditRow) []string {
	const shown = 3
	var lines []string
	for i, h := range r.clients {
		if i == shown {
			return append(lines, fmt.Sprintf("and %d more connections", len(r.clients)-shown))
		}
		who := report.Nobody(h)
		if len(h.Owners) > 0 {
			who = fmt.Sprintf("%s (pid %d, %s%s)", cli.Safe(h.Owners[0].Command), h.Owners[0].PID, cli.Safe(report.UserOf(h.Owners[0])), report.WhereOf(h.Cgroup))
		}
		lines = append(lines, fmt.Sprintf("has it: %s  %s%s  %s", who, h.Local(), report.Arrow(h), h.Socket.State))
	}
	return lines
}
