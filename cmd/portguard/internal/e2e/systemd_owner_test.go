package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/report"
	"portguard/internal/needs"
)

// Whatever has the port, text and JSON name the unit that an administrator would stop.
func (r systemdRig) testOwners(t *testing.T) {
	r.Unit(t, "numbered@.service", "[Service]\nType=notify\nExecStart=/usr/local/bin/holder -listen %i\n")
	r.Unit(t, "delegated.service", "[Service]\nType=notify\nDelegate=yes\nExecStart=/bin/bash -c 'own=/sys/fs/cgroup$$(sed -n s/^0:://p /proc/self/cgroup); "+
		"mkdir $$own/inner.service; echo $$$$ >$$own/inner.service/cgroup.procs; exec /usr/local/bin/holder -listen 40303'\n")
	r.Unit(t, "idle.socket", "[Socket]\nListenStream=40304\nAccept=no\n")
	r.Unit(t, "idle.service", "[Service]\nExecStart=/bin/sleep 1000\n")
	r.Unit(t, "kept.service", "[Service]\nType=notify\nFileDescriptorStoreMax=1\nExecStart=/usr/local/bin/witness -keep -listen 40305\n")
	r.Shell(t, "systemctl daemon-reload")
	for _, tt := range []struct {
		name   string
		setup  string
		port   int
		unit   string
		within string // what the text says
	}{
		{"a service", "systemd-run -q --unit=plain -p Type=notify holder -listen 40300", 40300, "plain.service", ", plain.service)"},
		{"an instance of a template", "systemctl start numbered@40301", 40301, "numbered@40301.service", ", numbered@40301.service)"},
		{"a scope", "systemd-run -q --scope --unit=job holder -listen 40302 </dev/null >/dev/null 2>&1 &", 40302, "job.scope", ", job.scope)"},
		{"a delegated subtree with a cgroup that looks like a unit", "systemctl start delegated", 40303, "delegated.service", ", delegated.service)"},
		{"a socket unit", "systemctl start idle.socket", 40304, "idle.socket", "(pid 1, root, idle.socket)"},
		{"a socket from the fd store, whose cgroup is gone", "systemctl start kept; systemctl restart kept", 40305, "kept.service", ", kept.service)"},
		{"a unit of a user's manager", "systemctl start user@0; XDG_RUNTIME_DIR=/run/user/0 systemd-run -q --user --unit=mine -p Type=notify holder -listen 40306",
			40306, "mine.service", ", mine.service of user@0.service)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.setup, "user@") {
				needs.File(t, "/usr/share/pam-configs/systemd", "libpam-systemd")
				needs.File(t, "/usr/lib/systemd/user/dbus.socket", "dbus-user-session")
			}
			if out, status, err := r.Run("bash", "-euc", tt.setup); err != nil || status != 0 {
				t.Fatalf("%v, status %d: %s", err, status, out)
			}
			var e report.JSONEndpoint
			for deadline := time.Now().Add(5 * time.Second); len(e.Holders) == 0 && time.Now().Before(deadline); {
				e, _ = r.ask(t, tt.port)
			}
			if len(e.Holders) != 1 {
				t.Fatalf("%d holders: %+v", len(e.Holders), e)
			}
			if u := e.Holders[0].Unit; u == nil || *u != tt.unit {
				t.Errorf("unit %v, want %s", u, tt.unit)
			}
			if _, owner, _ := strings.Cut(strings.TrimSuffix(tt.within, ")"), " of "); e.Holders[0].UnitOwner != owner {
				t.Errorf("JSON has the unit as one of %q, the text of %q", e.Holders[0].UnitOwner, owner)
			}
			if text, _ := r.portguard(t, "-p", fmt.Sprint(tt.port)); !strings.Contains(text, tt.within) {
				t.Errorf("the text does not say %q:\n%s", tt.within, text)
			}
		})
	}
	r.Shell(t, "systemctl stop plain numbered@40301 job.scope delegated idle.socket kept user@0 || true")
}
