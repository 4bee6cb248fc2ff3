package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
)

// --restart-unit has systemd restart the pool that has the port, and the pool comes back on another one.
func (r systemdRig) testRestartUnit(t *testing.T) {
	r.service(t, "order", "Type=notify", "ExecStart=/usr/local/bin/portguard --restart-unit -p 40400 -- /usr/local/bin/witness -listen 40400")
	r.steal(t, "order", 40400)
	pool := r.property(t, "pool", "MainPID")
	unchanged := func(t *testing.T) {
		if now := r.property(t, "pool", "MainPID"); now != pool {
			t.Errorf("the pool had pid %s and has %s", pool, now)
		}
	}
	for _, tt := range []struct {
		name   string
		flags  []string
		status int
		want   string
	}{
		{"dry run", []string{"--dry-run"}, cli.ExitOK, "restart-unit would: restart pool.service\n"},
		{"not one of --only", []string{"--only", "unit=web*.service"}, cli.ExitUnavailable, "restart-unit not-possible: pid PID is in pool.service, --only unit=web*.service\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, status := r.ask(t, 40400, append(tt.flags, "--restart-unit")...)
			if diff := cmp.Diff(tt.want, withoutPIDs(actionsOf(e))); diff != "" || status != tt.status {
				t.Errorf("status %d (-want +got)\n%s", status, diff)
			}
			unchanged(t)
		})
	}
	t.Run("a user may not", func(t *testing.T) {
		out, status, err := r.Run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "portguard", "--json", "--restart-unit", "-p", "40400")
		e := decoded(t, out).Endpoints[0]
		if err != nil || status != cli.ExitNoPerm || len(e.Actions) != 1 || e.Actions[0].Result != "not-permitted" {
			t.Errorf("status %d, %v\n%s", status, err, out)
		}
		unchanged(t)
	})
	t.Run("the start of a service", func(t *testing.T) {
		r.narrow(t, 40400, 40401) // connect() likes the even port best
		r.Shell(t, "systemctl start order")
		if now := r.property(t, "pool", "MainPID"); now == pool {
			t.Errorf("the pool was not restarted")
		}
		if out := r.Shell(t, "journalctl --sync; journalctl -b -o cat -n 1 _SYSTEMD_UNIT=pool.service"); out != "connected 127.0.0.1:40401\n" {
			t.Errorf("the pool's last word: %q", out)
		}
		r.Shell(t, "systemctl stop order pool")
	})
	t.Run("a holder outside of services", func(t *testing.T) {
		r.Shell(t, "systemd-run -q --scope --unit=shell holder -from 40402 </dev/null >/dev/null 2>&1 &")
		r.reaches(t, "shell.scope", "ActiveState", "active")
		r.Shell(t, "for i in $(seq 100); do portguard -q -p 40402 || break; done")
		e, status := r.ask(t, 40402, "--restart-unit")
		want := "restart-unit not-possible: it is not one service of systemd's that has it\n"
		if diff := cmp.Diff(want, actionsOf(e)); diff != "" || status != cli.ExitUnavailable {
			t.Errorf("status %d (-want +got)\n%s", status, diff)
		}
		r.Shell(t, "systemctl stop shell.scope")
	})
	t.Run("the service that it runs in", func(t *testing.T) {
		r.service(t, "inside", "Type=oneshot", "StandardOutput=file:/run/inside", `ExecStart=/bin/bash -c '/usr/local/bin/holder -from 40404 & `+
			`for i in $$(seq 100); do portguard -q -p 40404 || break; done; portguard --json --restart-unit -p 40404; kill %%1'`)
		r.Shell(t, "systemctl start inside")
		doc := decoded(t, r.Shell(t, "cat /run/inside"))
		want := "restart-unit not-possible: inside.service is the service that portguard itself runs in\n"
		if diff := cmp.Diff(want, actionsOf(doc.Endpoints[0])); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
	t.Run("--kill of what systemd starts again", func(t *testing.T) {
		r.hold(t, "revenant", "-from 40406", "Restart=always", "RestartSec=10")
		e, status := r.ask(t, 40406, "--kill")
		want := "systemd may start revenant.service again (Restart=always), perhaps on the same port: --restart-unit restarts it away from it"
		if got := actionsOf(e); !strings.Contains(got, want) || status != cli.ExitOK {
			t.Errorf("status %d, and it does not say %q:\n%s", status, want, got)
		}
	})
	t.Run("--kill of what is frozen", func(t *testing.T) {
		r.hold(t, "frozen", "-from 40410")
		r.Shell(t, "systemctl freeze frozen")
		e, status := r.ask(t, 40410, "--kill", "--grace", "100ms")
		want := "systemd 257 takes frozen.service for frozen from then on: systemctl reset-failed frozen.service before it is started again"
		if got := actionsOf(e); !strings.Contains(got, want) || status != cli.ExitOK {
			t.Errorf("status %d, and it does not say %q:\n%s", status, want, got)
		}
	})
	t.Run("a service that does not come back", func(t *testing.T) {
		r.hold(t, "gone", "-from 40408")
		r.Shell(t, "mkdir -p /run/systemd/system/gone.service.d", "printf '[Unit]\\nConditionPathExists=/nowhere\\n' >/run/systemd/system/gone.service.d/x.conf",
			"systemctl daemon-reload")
		e, status := r.ask(t, 40408, "--restart-unit")
		want := "restart-unit failed: restarted gone.service, which is inactive now (systemctl status gone.service)\n"
		if diff := cmp.Diff(want, actionsOf(e)); diff != "" || status != cli.ExitOK {
			t.Errorf("status %d (-want +got)\n%s", status, diff)
		}
	})
	r.Shell(t, "systemctl reset-failed")
}

// withoutPIDs makes what differs from run to run the same.
func withoutPIDs(text string) string {
	text = regexp.MustCompile(`pid(fd_open)? \d+`).ReplaceAllString(text, "pid$1 PID")
	return regexp.MustCompile(`(-> )?127\.0\.0\.1:\d+`).ReplaceAllString(text, "${1}ADDRESS")
}
