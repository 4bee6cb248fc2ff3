package audit

import (
	"fmt"
	"strings"
	"time"

	"portguard/cmd/portguard/internal/page"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/portrange"
)

// textForm writes the report that a person reads: the answer, what it rests on, what helps, and how it was computed.
type textForm struct {
	page.Page
	paint page.Paint
	how   bool // tell how it was computed
}

func (t textForm) render(r *result) {
	t.answer(r)
	if len(r.rows) > 0 {
		fmt.Fprintln(t)
		t.ports(r)
	}
	if all := r.fixes(); len(all) > 0 {
		fmt.Fprintln(t)
		for i, f := range all {
			t.fix(i, f)
		}
	}
	for i, s := range r.away {
		if i == 0 {
			fmt.Fprintln(t)
		}
		t.labelled("elsewhere", page.Safe(report.ServerText(s)))
	}
	for i, l := range r.notes() {
		if i == 0 {
			fmt.Fprintln(t)
		}
		t.labelled("note", page.Safe(l))
	}
	if t.how {
		fmt.Fprintln(t)
		t.host(r)
	}
}

// answer begins the report with what it comes to.
func (t textForm) answer(r *result) {
	all := r.answers()
	if len(all) == 0 {
		t.calm(r)
	}
	for _, a := range append(all, r.findings()...) {
		t.say(a)
	}
	if r.countWhere(entry.exposed) > 0 {
		fmt.Fprintf(t, "CHANCE is that of one restart in which the service is down for %s\n", r.down)
	}
}

// say breaks a sentence, but never its command, so that it can be copied.
func (t textForm) say(a answer) {
	lines := t.Break(a.says)
	room := t.Room(page.WidthOf(lines[len(lines)-1]) + len(": "))
	for i := range lines {
		lines[i] = t.paint.Bad(lines[i])
	}
	text := strings.Join(lines, "\n")
	switch {
	case a.command == "":
	case room == 0 || page.WidthOf(a.command) <= room:
		text += ": " + t.paint.Name(a.command)
	default:
		text += ":\n  " + t.paint.Name(a.command)
	}
	fmt.Fprintln(t, text)
}

// calm is the answer where nothing is at risk.
func (t textForm) calm(r *result) {
	text := ""
	if len(r.rows) == 0 {
		text = ": no service has a port of the range that is not reserved"
	}
	fmt.Fprintln(t, t.paint.Good("nothing is at risk")+text)
}

// notes are what a person should know beside the table.
func (r *result) notes() []string {
	var all []string
	if f := r.facts.Range; f.Low%2 == f.High%2 && f.Low != f.High {
		all = append(all, fmt.Sprintf("low and high of ip_local_port_range %s are both %s: better one of each, as the kernel says, too", f, portrange.Parity(f.Low)))
	}
	return append(all, r.unseenThings()...)
}

// labelled writes a text behind a label; it goes on below itself.
func (t textForm) labelled(label, text string) {
	t.Hang(t.paint.Label(label), 11, 0, text)
}

func (t textForm) host(r *result) {
	f := r.facts
	t.labelled("range", fmt.Sprintf("%s (ip_local_port_range): connect() takes %s ports first, bind() to port 0 %s ones",
		f.Range, portrange.Parity(f.Range.Low), portrange.Parity(f.Range.Low+1)))
	inside := portrange.Set{f.Range}.Intersect(f.Reserved).Len()
	t.labelled("reserved", fmt.Sprintf("%s (ip_local_reserved_ports), %s of them in the range", page.Nothing(f.Reserved), page.Count(inside)))
	t.labelled("privileged", fmt.Sprintf("below %d (ip_unprivileged_port_start)", f.Unprivileged))
	t.labelled("closed", fmt.Sprintf("a connection keeps its port for %.0fs where it was closed first (TIME_WAIT), up to %.0fs while the peer does not close (tcp_fin_timeout); %s",
		portrange.TimeWait.Seconds(), f.FinTimeout.Seconds(), reuseText(f.Reuse)))
	l := r.load
	t.labelled("load", fmt.Sprintf("%d outgoing TCP connections have a port of the range, %d of them only as TIME_WAIT or FIN_WAIT2, and %d UDP sockets; connect() chooses among %d %s ports",
		l.Held, l.Remains, l.UDP, l.First, portrange.Parity(f.Range.Low)))
	t.labelled("", fmt.Sprintf("in %s %d connections were opened%s, of which %d still have their port, to %s; %d UDP sockets came",
		r.sample.Round(10*time.Millisecond), r.opened, recycled(r.recycle), l.New, destinations(l.Routes), l.NewUDP))
}

func reuseText(reuse int) string {
	switch reuse {
	case 0:
		return "no connection may take that over (tcp_tw_reuse 0)"
	case 2:
		return "on loopback a connection to the same destination may take that over (tcp_tw_reuse 2)"
	}
	return fmt.Sprintf("a connection to the same destination may take that over (tcp_tw_reuse %d)", reuse)
}

func recycled(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d took over a TIME_WAIT)", n)
}

func destinations(n int) string {
	if n == 1 {
		return "1 destination"
	}
	return fmt.Sprintf("%d destinations", n)
}

func (t textForm) fix(i int, f fix) {
	label := ""
	if i == 0 {
		label = "fix"
	}
	if f.command == "" {
		t.labelled(label, f.does)
	} else {
		fmt.Fprintf(t, "%s%s %s\n", t.paint.Label(label), strings.Repeat(" ", 10-len(label)), t.paint.Name(f.command))
		t.labelled("", f.does)
	}
	t.labelled("", "not covered: "+f.leaves)
}
