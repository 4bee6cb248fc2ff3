package audit

import (
	"bytes"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
	"portguard/netdiag"
	"portguard/netdiag/nat"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/risk"
	"portguard/netdiag/sockdiag"
)

func holderOf(kind netdiag.Kind, command, cgroup string) netdiag.Holder {
	return netdiag.Holder{Kind: kind, Cgroup: cgroup, Socket: sockdiag.Socket{Local: netip.MustParseAddrPort("10.11.0.5:30010")},
		Owners: []owner.Process{{PID: 77, Command: command}}}
}

func portReport() *result {
	java := holderOf(netdiag.Client, "java", "/system.slice/order.service")
	return &result{
		facts: portrange.Facts{Range: portrange.Range{Low: 30000, High: 60999}, Reserved: portrange.Of(30001, 8080)},
		use:   risk.Use{TCP: risk.Given{Ports: 30998, InUse: 12}, UDP: risk.Given{Ports: 30999, InUse: 1}, Busiest: 7},
		down:  10 * time.Second, firewall: &nat.Rules{},
		rows: []entry{
			{Port: netdiag.Port{Protocol: netdiag.TCP, Number: 8081}, asked: true, units: []string{"a.service", "b.service"}, clients: []netdiag.Holder{java, java, holderOf(netdiag.Remains, "", "")}},
			{Port: netdiag.Port{Protocol: netdiag.TCP, Number: 30001}, inRange: true, reserved: true, services: []netdiag.Holder{holderOf(netdiag.Listener, "nginx", "/docker/"+strings.Repeat("a", 64))}},
			{Port: netdiag.Port{Protocol: netdiag.UDP, Number: 30010}, inRange: true, chance: risk.Estimate{Chance: 0.0125, Below: 0.02}},
		},
	}
}

func TestMetricsOfAnAudit(t *testing.T) {
	const want = `portguard_audit_limits 0
portguard_audit_downtime_seconds 10
portguard_ports_at_risk{protocol="tcp"} 1
portguard_ports_at_risk{protocol="udp"} 1
portguard_ports_taken{protocol="tcp"} 1
portguard_ports_taken{protocol="udp"} 0
portguard_ports_half{protocol="tcp"} 0
portguard_ports_half{protocol="udp"} 0
portguard_ephemeral_ports{protocol="tcp"} 30998
portguard_ephemeral_ports{protocol="udp"} 30999
portguard_ephemeral_ports_in_use{protocol="tcp"} 12
portguard_ephemeral_ports_in_use{protocol="udp"} 1
portguard_ports_unguarded{protocol="tcp"} 0
portguard_ports_unguarded{protocol="udp"} 1
portguard_reserved_ports_frozen 0
portguard_reserved_ports_overridden 0
portguard_ephemeral_ports_in_use_by_one_destination 7
portguard_ephemeral_range_low 30000
portguard_ephemeral_range_high 60999
portguard_reserved_ports 2
portguard_reserved_ports_in_range 1
portguard_audit_unlisted_ports 0
portguard_port_at_risk{port="8081",protocol="tcp"} 1
portguard_port_at_risk{port="30001",protocol="tcp"} 0
portguard_port_at_risk{port="30010",protocol="udp"} 1
portguard_port_guarded{port="8081",protocol="tcp"} 1
portguard_port_guarded{port="30001",protocol="tcp"} 0
portguard_port_guarded{port="30010",protocol="udp"} 0
portguard_port_half{port="8081",protocol="tcp"} 0
portguard_port_half{port="30001",protocol="tcp"} 0
portguard_port_half{port="30010",protocol="udp"} 0
portguard_port_diverted{port="8081",protocol="tcp"} 0
portguard_port_diverted{port="30001",protocol="tcp"} 0
portguard_port_diverted{port="30010",protocol="udp"} 0
portguard_port_squatters{port="8081",protocol="tcp"} 2
portguard_port_squatters{port="30001",protocol="tcp"} 0
portguard_port_squatters{port="30010",protocol="udp"} 0
portguard_port_loss_ratio{port="30010",protocol="udp"} 0.0125
portguard_port_loss_upper_ratio{port="30010",protocol="udp"} 0.02
portguard_port_info{port="8081",protocol="tcp",process="",unit="",container="",guarded_by="a.service,b.service"} 1
portguard_port_info{port="30001",protocol="tcp",process="nginx",unit="",container="docker",guarded_by=""} 1
portguard_port_info{port="30010",protocol="udp",process="",unit="",container="",guarded_by=""} 1
portguard_port_squatter_info{port="8081",protocol="tcp",process="java",unit="order.service",container=""} 1
`
	var b strings.Builder
	if err := writeGauges(&b, portReport().gauges()); err != nil {
		t.Fatal(err)
	}
	var samples strings.Builder
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "#") {
			samples.WriteString(line)
		}
	}
	if diff := cmp.Diff(want, samples.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !strings.HasSuffix(b.String(), "\n# EOF\n") {
		t.Error("no end")
	}
}

// Zero would say that clients come.
func TestDiversionsThatAreNotKnownHaveNoSeries(t *testing.T) {
	away := nat.Diversion{Family: "ip", Table: "nat", Chain: "DOCKER"}
	for _, tt := range []struct {
		name     string
		firewall *nat.Rules
		want     []string
	}{
		{"the rules may not be read", nil, nil},
		{"all rules are read", &nat.Rules{}, []string{`diverted{port="8081",protocol="tcp"} 1`, `diverted{port="30001",protocol="tcp"} 0`, `diverted{port="30010",protocol="udp"} 0`}},
		{"there are others", &nat.Rules{Unread: []string{"iptables-legacy"}}, []string{`firewall_unread_info{program="iptables-legacy"} 1`, `diverted{port="8081",protocol="tcp"} 1`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := portReport()
			r.firewall = tt.firewall
			if tt.firewall != nil {
				r.rows[0].diversions = []nat.Diversion{away}
			}
			var b strings.Builder
			if err := writeGauges(&b, r.gauges()); err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(b.String()) {
				name, found := strings.CutPrefix(strings.TrimSpace(line), "portguard_")
				if name, of := strings.CutPrefix(name, "port_"); found && (of && strings.HasPrefix(name, "diverted") || strings.HasPrefix(name, "firewall")) {
					got = append(got, name)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Ranges asked about can be wide. The ports that matter keep their series, and the totals count all.
func TestTooManyPortsAreCountedAndNotListed(t *testing.T) {
	r := portReport()
	taken := r.rows[0]
	r.rows = nil
	for port := range uint16(1500) {
		r.rows = append(r.rows, entry{Port: netdiag.Port{Protocol: netdiag.TCP, Number: 40000 + port}, inRange: true})
	}
	taken.Number = 65000
	r.rows = append(r.rows, taken)
	var b strings.Builder
	if err := writeGauges(&b, r.gauges()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"portguard_ports_at_risk{protocol=\"tcp\"} 1501\n", "portguard_audit_unlisted_ports 501\n",
		`portguard_port_squatters{port="65000",protocol="tcp"} 2`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing in:\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "\nportguard_port_at_risk{"); n != mostPorts {
		t.Errorf("%d ports have series", n)
	}
}

// The name of a process or unit is anybody's to choose.
func TestLabelsOfAnyText(t *testing.T) {
	for text, want := range map[string]string{
		"order.service": `{unit="order.service"}`,
		`a\b"c`:         `{unit="a\\b\"c"}`,
		"two\nlines":    `{unit="two\\nlines"}`,
		"\x1b[2J\xff":   `{unit="\\x1b[2J\\xff"}`,
		"dienst-ü":      `{unit="dienst-ü"}`,
	} {
		if diff := cmp.Diff(want, labelsText([]label{{"unit", text}})); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}

// Prometheus' own linter has nothing to say: names, units, types, help, escapes.
func TestMetricsPleasePromtool(t *testing.T) {
	needs.Program(t, "promtool", "prometheus")
	var b bytes.Buffer
	now := time.Now()
	if err := writeGauges(&b, append(runGauges(true, now, now), portReport().gauges()...)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("promtool", "check", "metrics")
	cmd.Stdin = &b
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
