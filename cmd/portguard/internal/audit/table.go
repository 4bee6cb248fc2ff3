package audit

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/report/names"
	"portguard/netdiag"
	"portguard/netdiag/portrange/risk"
)

// run is rows of neighbouring ports that have one line, since they differ in nothing but the number and the chance.
type run struct {
	entry // the first
	last  uint16
	least risk.Estimate // the others' are from this to chance
}

// fold makes runs of rows, which are in order.
func fold(rows []entry) []run {
	var all []run
	latest := map[netdiag.Protocol]int{} // the run of a protocol that may go on
	for _, row := range rows {
		i, ok := latest[row.Protocol]
		if ok && int(all[i].last)+1 == int(row.Number) && alike(all[i].entry, row) {
			to := &all[i]
			to.last = row.Number
			to.chance.Chance, to.chance.Below = max(to.chance.Chance, row.chance.Chance), max(to.chance.Below, row.chance.Below)
			to.least.Chance = min(to.least.Chance, row.chance.Chance)
			continue
		}
		latest[row.Protocol] = len(all)
		all = append(all, run{row, row.Number, row.chance})
	}
	return all
}

// alike are ports of one service and one state, with the same rules in the way. A port that clients have is a line of its own, which names them.
func alike(a, b entry) bool {
	return len(a.clients)+len(b.clients)+len(a.halves)+len(b.halves) == 0 && slices.Equal(a.diversions, b.diversions) && stateText(a) == stateText(b) && slices.Equal(a.units, b.units) &&
		serviceText(a) == serviceText(b)
}

func (r run) port() string {
	if r.last == r.Number {
		return r.Port.String()
	}
	return fmt.Sprintf("%d-%s", r.Number, netdiag.Port{Protocol: r.Protocol, Number: r.last})
}

// ports is the table. Its last column goes on below itself.
func (t textForm) ports(r *result) {
	lines := [][4]string{{"PORT", "CHANCE", "STATE", "SERVICE"}}
	runs := fold(r.rows)
	for _, row := range runs {
		lines = append(lines, [4]string{row.port(), chanceText(row), shortState(row.entry), serviceText(row.entry)})
	}
	var widths [3]int
	indent := 0
	for i := range widths {
		for _, l := range lines {
			widths[i] = max(widths[i], utf8.RuneCountInString(l[i]))
		}
		indent += widths[i] + 2
	}
	page := t.Page
	if page.Width > 0 {
		page.Width = max(page.Width, indent+24)
	}
	for i, l := range lines {
		page.Hang(fmt.Sprintf("%-*s  %-*s  %-*s", widths[0], l[0], widths[1], l[1], widths[2], l[2]), indent, 0, l[3])
		if i > 0 {
			t.clients(runs[i-1].entry)
			for _, h := range runs[i-1].halves {
				t.below(h.text())
			}
			t.diversions(runs[i-1].entry)
		}
	}
}

func stateText(r entry) string {
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

func shortState(r entry) string {
	state, _, _ := strings.Cut(stateText(r), " the ")
	return state
}

// chanceText is a percentage; of several ports the highest. Who has lost the port already has no chance any more.
func chanceText(r run) string {
	upTo := ""
	if r.least.Chance < r.chance.Chance {
		upTo = "up to "
	}
	switch {
	case r.taken():
		return "now"
	case !r.exposed():
		return "-"
	case r.chance.Chance == 0:
		return "below " + percent(r.chance.Below)
	}
	return upTo + percent(r.chance.Chance)
}

func percent(p float64) string {
	switch p *= 100; {
	case p >= 10:
		return fmt.Sprintf("%.0f %%", math.Min(p, 100))
	case p >= 0.1:
		return fmt.Sprintf("%.1f %%", p)
	}
	return fmt.Sprintf("%.2g %%", p)
}

// serviceText names a service in one line.
func serviceText(r entry) string {
	s := foldService(r.services)
	var parts []string
	switch {
	case s == nil:
		parts = append(parts, "nothing listens")
	case len(s.processes) == 0:
		parts = append(parts, names.Nobody(r.services[0])+names.WhereOf(r.services[0].Cgroup))
	default:
		p := s.processes[0]
		more := ""
		if n := len(s.processes) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		parts = append(parts, fmt.Sprintf("%s (pid %d%s, %s%s)", page.Safe(p.Command), p.PID, more, page.Safe(names.UserOf(p)), names.WhereOf(names.CgroupOf(r.services[0], p))))
	}
	if s != nil && !(len(s.addresses) == 1 && (s.addresses[0] == "0.0.0.0" || s.addresses[0] == "::")) {
		parts = append(parts, "on "+strings.Join(s.addresses, ", "))
	}
	for _, u := range r.units {
		parts = append(parts, "guarded for "+page.Safe(u))
	}
	return strings.Join(parts, ", ")
}

// clients names the connections that have a port, below its row.
func (t textForm) clients(r entry) {
	const shown = 3
	for i, h := range r.clients {
		if i == shown {
			fmt.Fprintf(t, "    and %d more connections\n", len(r.clients)-shown)
			return
		}
		has := "has it"
		if r.passes(h) {
			has = "has it as well, in nobody's way"
		}
		t.below(fmt.Sprintf("%s: %s %s%s %s", has, names.Holder(h), h.Local(), names.Arrow(h), h.Socket.State))
	}
}

// diversions tells of rules by which clients get elsewhere, below a row.
func (t textForm) diversions(r entry) {
	for _, d := range r.diversions {
		t.below(report.DiversionText(d))
	}
}

// below is a sentence about a row.
func (t textForm) below(text string) { t.Hang("", 4, 2, text) }
