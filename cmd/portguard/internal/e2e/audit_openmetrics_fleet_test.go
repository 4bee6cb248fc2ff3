package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"portguard/internal/needs"
)

const examples = "../../../../docs/examples/"

// fleetHost is a host of a fleet: a systemd with Debian's own node_exporter and Prometheus, and what docs/examples has.
type fleetHost struct{ unitRig }

// The way of docs/fleet.md, once: the playbook brings a host into its state and, with -rig.long, finds nothing to do the second
// time; the hardened unit writes the metrics, node_exporter and Prometheus read them, the alerts fire, the dashboard has its data.
func TestFleet(t *testing.T) {
	t.Parallel() // a system of its own
	needs.Program(t, "ansible-playbook", "ansible-core")
	needs.Program(t, "prometheus", "prometheus")
	needs.Program(t, "prometheus-node-exporter", "prometheus-node-exporter")
	needs.Program(t, "python3", "python3")
	h := fleetHost{bootUnitRig(t, "")}
	h.Install(t, binary(t), "/usr/bin/portguard")
	for _, file := range []string{"ansible/portguard.yml", "prometheus/portguard-audit.service", "prometheus/portguard-audit.timer", "prometheus/portguard.rules.yml"} {
		h.put(t, filepath.Base(file), example(t, file))
	}
	h.Shell(t, "install -D -m 644 -t /usr/lib/systemd/system /rig/portguard-audit.*")
	h.Unit(t, "order.service", "[Service]\nExecStart=/usr/local/bin/orderd 30010\n")
	h.Unit(t, "billing.service", "[Service]\nExecStart=/usr/local/bin/orderd 40010\n") // in the range, and not reserved
	h.Shell(t, "systemctl daemon-reload; systemctl start billing")

	h.steal(t, "order.service", 30010) // a reservation takes the port from nobody
	t.Run("playbook", h.testPlaybook)
	t.Run("unit", h.testUnit)
	h.Shell(t, "systemctl start prometheus-node-exporter")
	h.startPrometheus(t)
	t.Run("alerts", h.testAlerts)
	t.Run("dashboard", h.testDashboard)
}

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(examples + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// put makes a file, which is /rig/name inside.
func (h fleetHost) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.Dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (h fleetHost) testPlaybook(t *testing.T) {
	const play = "cd /rig; HOME=/root ANSIBLE_PIPELINING=1 ansible-playbook -i localhost, -c local -e ansible_become=false portguard.yml"
	recap := regexp.MustCompile(`changed=(\d+) .*failed=0 `)
	changes := []string{"4"} // reserved, guarded, the audit's ports, the timer
	if *rigLong {
		changes = append(changes, "0")
	}
	for _, want := range changes {
		out := h.Shell(t, play)
		if m := recap.FindStringSubmatch(out); m == nil || m[1] != want {
			t.Fatalf("want changed=%s\n%s", want, out)
		}
	}
	says(t, h.Shell(t, "cat /proc/sys/net/ipv4/ip_local_reserved_ports /etc/systemd/system/order.service.d/*; systemctl is-active portguard-audit.timer"),
		"30000-30100\n", "/bin/portguard -p 30010 --share --wait 30s\n", "--share", "\nactive\n")
}

// testUnit looks at the stolen port through the unit as it is shipped.
func (h fleetHost) testUnit(t *testing.T) {
	h.Shell(t, "systemctl start portguard-audit.service")
	text := h.Shell(t, "cat /var/lib/prometheus/node-exporter/portguard.prom; ls -A /var/lib/prometheus/node-exporter")
	says(t, text, "portguard_audit_success 1\n", "portguard_audit_limits 0\n", "# EOF\nportguard.prom\n",
		`portguard_port_squatters{port="30010",protocol="tcp"} 1`,
		`portguard_port_squatter_info{port="30010",protocol="tcp",process="pool",unit="pool.service",container=""} 1`,
		`portguard_port_info{port="30010",protocol="tcp",process="",unit="",container="",guarded_by="order.service"} 1`,
		`portguard_port_info{port="40010",protocol="tcp",process="orderd",unit="billing.service",container="",guarded_by=""} 1`)

	says(t, h.Shell(t, "systemd-analyze verify /usr/lib/systemd/system/portguard-audit.service /usr/lib/systemd/system/portguard-audit.timer 2>&1 | grep -v 'man ' || echo fine"), "fine")
	exposure := h.Shell(t, "systemd-analyze security --no-pager portguard-audit.service | tail -n 1")
	t.Log(strings.TrimSpace(exposure))
	says(t, exposure, "OK") // below 5 of 10; what is left is root and two capabilities
}

// startPrometheus has it ask node_exporter, and a server that gives the same file out as OpenMetrics, which Prometheus
// reads with a parser of its own, and a strict one.
func (h fleetHost) startPrometheus(t *testing.T) {
	t.Helper()
	rules := regexp.MustCompile(`\n *for: .*`).ReplaceAllString(example(t, "prometheus/portguard.rules.yml"), "") // fire at once
	h.put(t, "rules.yml", rules)
	h.put(t, "prometheus.yml", `
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [rules.yml]
scrape_configs:
  - {job_name: node, static_configs: [{targets: ["127.0.0.1:9100"]}]}
  - {job_name: strict, static_configs: [{targets: ["127.0.0.1:9101"]}]}
`)
	h.put(t, "strict.py", `
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
        self.end_headers()
        self.wfile.write(open("/var/lib/prometheus/node-exporter/portguard.prom", "rb").read())
http.server.HTTPServer(("127.0.0.1", 9101), Handler).serve_forever()
`)
	h.Shell(t,
		"systemd-run -q --unit strict python3 /rig/strict.py",
		"systemd-run -q --unit prom prometheus --config.file=/rig/prometheus.yml --storage.tsdb.path=/tmp/prom --web.listen-address=127.0.0.1:9090")
	eventually(t, 30*time.Second, "Prometheus asks both", func() bool {
		return strings.Contains(h.query("count(up == 1)"), "=> 2 @")
	})
}

// query returns what promtool prints: a line for each series.
func (h fleetHost) query(expr string) string {
	out, _, _ := h.Run("promtool", "query", "instant", "http://127.0.0.1:9090", expr) // an error is in the output
	return out
}

func (h fleetHost) testAlerts(t *testing.T) {
	eventually(t, 20*time.Second, "the alerts fire", func() bool {
		return strings.Contains(h.query(`count(ALERTS{alertstate="firing",job="node"})`), "=> 2 @")
	})
	says(t, h.query(`ALERTS{alertstate="firing",job="node"}`),
		`alertname="PortguardPortTaken", alertstate="firing", instance="127.0.0.1:9100", job="node", port="30010", protocol="tcp", severity="critical"`,
		`alertname="PortguardPortsAtRisk"`)
	says(t, h.query(`node_textfile_scrape_error`), "=> 0 @")
	says(t, h.query(`portguard_port_at_risk{job="strict"} == 1`), `port="30010"`, `port="40010"`)
}

// testDashboard asks Prometheus for the data of every panel.
func (h fleetHost) testDashboard(t *testing.T) {
	exprs := dashboardExprs(t)
	for title, expr := range exprs {
		exprs[title] = strings.ReplaceAll(expr, "$instance", "127.0.0.1:9100")
	}
	text, err := json.Marshal(exprs)
	if err != nil {
		t.Fatal(err)
	}
	h.put(t, "exprs.json", string(text))
	h.put(t, "ask.py", `
import json, urllib.error, urllib.parse, urllib.request
for title, expr in json.load(open("/rig/exprs.json")).items():
    try:
        data = urllib.parse.urlencode({"query": expr}).encode()
        if not json.load(urllib.request.urlopen("http://127.0.0.1:9090/api/v1/query", data))["data"]["result"]:
            print(title, "has no data:", expr)
    except urllib.error.HTTPError as e:
        print(title, e.read())
`)
	if out := h.Shell(t, "python3 /rig/ask.py"); out != "" {
		t.Error(out)
	}
}

// dashboardExprs are the expressions of the dashboard, by panel and letter.
func dashboardExprs(t *testing.T) map[string]string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal([]byte(example(t, "prometheus/grafana-dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	exprs := map[string]string{}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			exprs[p.Title+" "+target.RefID] = target.Expr
		}
	}
	return exprs
}

// The alerts themselves, with their times: promtool plays series to them.
func TestAlertRules(t *testing.T) {
	needs.Program(t, "promtool", "prometheus")
	cmd := launch(t, "promtool", "test", "rules", examples+"prometheus/portguard.rules_test.yml")
	if status := cmd.end(t); status != 0 {
		t.Errorf("status %d\n%s", status, cmd.errs.String())
	}
}
