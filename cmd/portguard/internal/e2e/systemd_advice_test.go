package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/internal/needs"
)

// What is advised at the start of a service, or about what systemd has, is typed as it stands there, and then the service starts.
func (r systemdRig) testAdvice(t *testing.T) {
	needs.Program(t, "ss", "iproute2")
	followed := map[string]bool{}
	const order = "Type=notify\nStandardOutput=file:/run/order.report\nExecStart=/usr/local/bin/witness -listen 40500"
	for _, tt := range []struct {
		name   string
		before []string // portguard's command, or how it comes before the service's
		lines  []string
		holder func(t *testing.T)
		want   []string
	}{
		{"by hand", nil, []string{"ExecStartPre=+/usr/local/bin/portguard -p 40500"}, r.stealAgain, []string{
			"portguard --share -p X", "portguard --wait D -p X", "portguard --close -p X", "portguard --restart-unit -p X", "portguard reserve X"}},
		{"by portguard's drop-in", []string{"unit", "install", "order", "-p", "40500"}, nil, r.stealAgain, []string{
			"portguard unit install UNIT --share -p X", "portguard unit install UNIT --wait D -p X", "portguard --close -p X", "portguard --restart-unit -p X", "portguard reserve X"}},
		{"another service", nil, []string{"ExecStartPre=+/usr/local/bin/portguard -p 40500"}, func(t *testing.T) { r.hold(t, "other", "-listen 40500") }, []string{
			"portguard --wait D -p X", "portguard --kill --kill-listeners -p X"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.service(t, "order", append([]string{order}, tt.lines...)...)
			var forms []string
			for i, n := 0, 1; i < n; i++ {
				if tt.before != nil {
					r.succeeds(t, tt.before...)
				}
				tt.holder(t)
				r.Shell(t, "rm -f /run/order.report", "! systemctl start order")
				lines := adviceIn(r.Shell(t, "cat /run/order.report"))
				if n = len(lines); n == 0 {
					t.Fatalf("nothing is advised:\n%s", r.Shell(t, "cat /run/order.report"))
				}
				forms = append(forms, reporttest.Form(lines[i]))
				followed[forms[i]] = true
				t.Run(forms[i], func(t *testing.T) { r.follow(t, lines[i]) })
			}
			if diff := cmp.Diff(tt.want, forms); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if tt.before != nil {
				r.succeeds(t, "unit", "remove", "order")
			}
		})
	}
	helps := func(port int, want string, then ...string) {
		e, _ := r.ask(t, port)
		i := slices.IndexFunc(e.Advice, func(line string) bool { return reporttest.Form(line) == want })
		if i < 0 {
			t.Fatalf("%q is not advised, but %q", want, e.Advice)
		}
		followed[want] = true
		r.Shell(t, strings.Replace(e.Advice[i], "COMMAND", "/bin/true", 1))
		if _, status := r.ask(t, port); status != cli.ExitOK {
			t.Errorf("%s: the port is not free", e.Advice[i])
		}
		r.Shell(t, then...)
	}
	r.stealAgain(t)
	helps(40500, "portguard --restart-unit -p X -- COMMAND", "systemctl stop pool")
	r.Unit(t, "knxd.socket", "[Socket]\nListenStream=40502\n")
	r.service(t, "knxd", "ExecStart=/bin/true")
	r.Shell(t, "systemctl start knxd.socket")
	helps(40502, "systemctl stop UNIT")
	for _, form := range reporttest.FollowedBy(reporttest.OnASystemd) {
		if !followed[form] {
			t.Errorf("nobody has followed %q", form)
		}
	}
}

// stealAgain gives order's port to the pool: as steal does, which goes by a line in the journal that is there from the last time.
func (r systemdRig) stealAgain(t *testing.T) {
	t.Helper()
	r.Shell(t,
		"ip link set lo up 2>/dev/null || true",
		"systemctl stop order pool",
		"read -r low high </proc/sys/net/ipv4/ip_local_port_range",
		"echo 40500 40500 >/proc/sys/net/ipv4/ip_local_port_range",
		"systemctl start pool",
		"for i in $(seq 200); do ss -Htn state established sport = :40500 | grep -q . && break; sleep .05; done",
		"echo $low $high >/proc/sys/net/ipv4/ip_local_port_range",
		"ss -Htn state established sport = :40500 | grep -q .")
}

// follow types a line that is advised about order's port, and starts order, which has it then. What is waited for comes to pass.
func (r systemdRig) follow(t *testing.T, line string) {
	const comesFree = "(sleep .5; systemctl stop other 2>/dev/null || portguard -q --share -p 40500) & "
	switch {
	case strings.Contains(line, " reserve "):
		r.Shell(t, line, strings.Replace(line, "reserve", "release", 1), "systemctl stop pool")
	case strings.Contains(line, "unit install") && strings.Contains(line, "--wait"):
		r.Shell(t, line, "systemctl reset-failed order", comesFree+"systemctl start order; wait")
	case strings.Contains(line, "--wait"):
		r.Shell(t, comesFree+line+"; status=$?; wait; exit $status")
	default:
		r.Shell(t, line)
	}
	r.Shell(t, "systemctl reset-failed order || true", "systemctl start order", "systemctl stop order", "systemctl stop other 2>/dev/null || true")
}

// adviceIn are the lines that a report in a file advises.
func adviceIn(text string) (lines []string) {
	for _, m := range regexp.MustCompile(`(?m)^  (?:now   |always|      )  ((?:portguard|systemctl) .*?)   `).FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.TrimSpace(m[1]))
	}
	return lines
}
