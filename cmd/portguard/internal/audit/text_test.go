package audit

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/page"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
)

// servedBy is a port of the range that a service listens on.
func servedBy(port uint16, command string, pid int, chance float64) entry {
	local := netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	return entry{
		Port: netdiag.Port{Protocol: netdiag.TCP, Number: port}, inRange: true, chance: risk.Estimate{Chance: chance, Below: chance + 0.001},
		services: []netdiag.Holder{{
			Kind: netdiag.Listener, Cgroup: "/system.slice/" + command + ".service", Socket: sockdiag.Socket{Local: local},
			Owners: []owner.Process{{PID: pid, Command: command, User: "root"}},
		}},
	}
}

func textReport(rows ...entry) *result {
	r := &result{
		facts: portrange.Facts{Range: portrange.Range{Low: 1024, High: 60999}, Unprivileged: 1024},
		down:  10 * time.Second, rows: rows, elsewhere: []string{"ssh.service/", "dns.service/"},
	}
	var planned []uint16
	for _, row := range rows {
		planned = append(planned, row.Number)
	}
	r.planned = portrange.Of(planned...)
	return r
}

// inColumns is the report as a terminal of some width has it.
func inColumns(width int, how bool, r *result) string {
	var b strings.Builder
	textForm{Page: page.Page{Writer: &b, Width: width}, how: how}.render(r)
	return b.String()
}

// The first line is the answer, and the last thing that a person reads of a table is what to do.
func TestTheFirstLineIsTheAnswer(t *testing.T) {
	taken := servedBy(7000, "redis", 70, 0.01)
	taken.services, taken.clients = nil, []netdiag.Holder{holderOf(netdiag.Client, "java", "/system.slice/order.service")}
	taken.asked = true
	many := []entry{taken}
	for i := uint16(0); i < 2000; i++ {
		row := taken
		row.Number = 20000 + i
		many = append(many, row)
		if row.Number = 30000 + i; i < 1000 {
			row.Protocol = netdiag.UDP
			many = append(many, row)
		}
	}
	vacant := entry{Port: netdiag.Port{Protocol: netdiag.TCP, Number: 7001}, inRange: true, asked: true}
	reserved := servedBy(7002, "web", 72, 0)
	reserved.reserved = true
	for _, tt := range []struct {
		name   string
		report *result
		want   string
	}{
		{"nothing", textReport(), "nothing is at risk: no service has a port of the range that is not reserved\n"},
		{"all reserved", textReport(reserved), "nothing is at risk\n"},
		{"some services", textReport(servedBy(7000, "redis", 70, 0.01), servedBy(30010, "order", 71, 0.02), reserved), "2 of 5 services can lose their port: portguard reserve 7000,30010\n"},
		{"one of one port", textReport(servedBy(7000, "redis", 70, 0.01)), "1 of 3 services can lose its port: portguard reserve 7000\n"},
		{"one of several ports", textReport(servedBy(7000, "redis", 70, 0.01), servedBy(7001, "redis", 70, 0.01)), "1 of 3 services can lose 2 ports: portguard reserve 7000-7001\n"},
		{"a port that was asked about", textReport(vacant), "1 port can be taken: portguard reserve 7001\n"},
		{"both", textReport(servedBy(7000, "redis", 70, 0.01), vacant), "1 of 3 services can lose its port, and 1 port that nobody serves on can be taken:\n  portguard reserve 7000-7001\n"},
		{"one that is lost", textReport(taken), "1 port can be taken: portguard reserve 7000\n1 port is somebody else's now, and the next start there fails: portguard -p 7000\n"},
		{"many that are lost", textReport(many...), "3001 ports can be taken: portguard reserve 7000,20000-21999,30000-30999\n3001 ports are somebody else's now, and the next starts there fail:\n  portguard -p 7000,20000-21999,30000-30999/udp\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := inColumns(80, false, tt.report); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%q does not begin with %q", got, tt.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	var rows []entry
	for port := uint16(30000); port < 30200; port++ {
		rows = append(rows, servedBy(port, "order", 71, float64(1-port%2)*0.0125))
		udp := servedBy(port, "order", 71, 0.0002)
		udp.Protocol = netdiag.UDP
		rows = append(rows, udp)
	}
	lost := servedBy(30200, "order", 71, 0.0125)
	lost.services, lost.clients = nil, []netdiag.Holder{holderOf(netdiag.Client, "java", "/system.slice/order.service")}
	lost.units = []string{"order.service"}
	rows = append(rows, lost, servedBy(30201, "web", 5, 0))
	const want = `
PORT             CHANCE       STATE    SERVICE
30000-30199/tcp  up to 1.2 %  at risk  order (pid 71, root, order.service)
30000-30199/udp  0.02 %       at risk  order (pid 71, root, order.service)
30200/tcp        now          taken    nothing listens, guarded for
                                       order.service
    has it: java (pid 77, 0, order.service) 10.11.0.5:30010 state 0
30201/tcp        below 0.1 %  at risk  web (pid 5, root, web.service)
`
	var b strings.Builder
	b.WriteByte('\n')
	textForm{Page: page.Page{Writer: &b, Width: 80}}.ports(textReport(rows...))
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Everything but a command fits the terminal: what it was computed from, too.
func TestTheReportFits(t *testing.T) {
	r := textReport(servedBy(7000, "redis", 70, 0.01), servedBy(30010, "order", 71, 0.02))
	r.limits = []string{strings.Repeat("which processes have it cannot be seen ", 4)}
	for _, width := range []int{72, 80, 100} {
		for line := range strings.Lines(inColumns(width, true, r)) {
			if n := utf8.RuneCountInString(line) - 1; n > width {
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
		}
	}
}
