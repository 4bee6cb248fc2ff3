package audit

import (
	"fmt"
	"io"
	"strings"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
)

// auditText writes the report that a person reads.
type auditText struct {
	w     io.Writer
	paint cli.Paint
}

func (t auditText) render(r *auditReport) {
	t.host(r)
	fmt.Fprintln(t.w)
	t.ports(r)
	if all := r.fixes(); len(all) > 0 {
		fmt.Fprintln(t.w)
		for i, f := range all {
			t.fix(i, f)
		}
	}
	for i, l := range r.limits {
		if i == 0 {
			fmt.Fprintln(t.w)
		}
		t.line("note", cli.Safe(l))
	}
}

// line is a label and a text, which goes on below itself.
func (t auditText) line(label, text string) {
	for i, l := range cli.Wrap(text, 100) {
		if i > 0 {
			label = ""
		}
		fmt.Fprintf(t.w, "%s%s %s\n", t.paint.Label(label), strings.Repeat(" ", max(0, 10-len(label))), l)
	}
}

func (t auditText) host(r *auditReport) {
	f := r.facts
	t.line("range", fmt.Sprintf("%s (ip_local_port_range): connect() takes %s ports first, bind() to port 0 %s ones%s",
		f.Range, portrange.Parity(f.Range.Low), portrange.Parity(f.Range.Low+1), sameParity(f.Range)))
	inside := portrange.Set{f.Range}.Intersect(f.Reserved).Len()
	t.line("reserved", fmt.Sprintf("%s (ip_local_reserved_ports), %s of them in the range", cli.Nothing(f.Reserved), cli.Count(inside)))
	t.line("privileged", fmt.Sprintf("below %d (ip_unprivileged_port_start)", f.Unprivileged))
	t.line("closed", fmt.Sprintf("a connection keeps its port for %.0fs where it was closed first (TIME_WAIT), up to %.0fs while the peer does not close (tcp_fin_timeout); %s",
		portrange.TimeWait.Seconds(), f.FinTimeout.Seconds(), reuseText(f.Reuse)))
	l := r.load
	t.line("load", fmt.Sprintf("%d outgoing TCP connections have a port of the range, %d of them only as TIME_WAIT or FIN_WAIT2, and %d UDP sockets; connect() chooses among %d %s ports",
		l.Held, l.Remains, l.UDP, l.First, portrange.Parity(f.Range.Low)))
	t.line("", fmt.Sprintf("in %s %d connections were opened%s, of which %d still have their port, to %s; %d UDP sockets came",
		r.sample.Round(10*time.Millisecond), r.opened, recycled(r.recycle), l.New, destinations(l.Routes), l.NewUDP))
}

func sameParity(r portrange.Range) string {
	if r.Low%2 != r.High%2 || r.Low == r.High {
		return ""
	}
	return fmt.Sprintf("; low and high are both %s, better one of each", portrange.Parity(r.Low))
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

func (t auditText) fix(i int, f fix) {
	label := ""
	if i == 0 {
		label = "fix"
	}
	if f.command == "" {
		t.line(label, f.does)
	} else {
		fmt.Fprintf(t.w, "%s%s %s\n", t.paint.Label(label), strings.Repeat(" ", 10-len(label)), t.paint.Name(f.command))
		t.line("", "  "+f.does)
	}
	t.line("", "not covered: "+f.leaves)
}
