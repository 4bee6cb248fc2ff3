package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
)

// A client that asks for its port by number is restarted where systemd starts it only when the service has that port, and nowhere
// else: elsewhere one of the two would be down, and which one is a race.
func (r systemdRig) testRestartAfter(t *testing.T) {
	const (
		asks    = "restart-unit not-possible: its program asked for this port itself, and would ask for it again: "
		race    = asks + "after a restart one of the two services is down\n"
		without = "; its program asks for this port itself, and will not have it while first.service runs\n"
		late    = "ExecStart=/bin/sh -c 'sleep .2; exec /usr/local/bin/witness -listen %[1]d'\n" // a pool that only came a moment later would be first
		report  = "/usr/local/bin/portguard --json --restart-unit -p %[1]d"
	)
	for i, tt := range []struct {
		name, after string
		first       string // its section Service; what it prints is a report
		want        string // the report's actions
		starts      bool
	}{
		{"dry run, act", "After=first.service", "Type=notify\nExecStartPre=" + report + " --dry-run\nExecStartPre=/usr/local/bin/portguard -q --restart-unit -p %[1]d\n" + late,
			"restart-unit would: restart second.service" + without, true},
		{"a script, and Before= of the service's", "", "Type=notify\nExecStartPre=/bin/sh -c '" + report + "; exit $$?'\n" + late,
			"restart-unit done: asked systemd to restart second.service, which goes on" + without, true},
		{"Type=simple, and portguard ready", "After=first.service", "ExecStartPre=" + report + "\n" + late + "ExecStartPost=/usr/local/bin/portguard ready -q -p %[1]d --wait 10s\n",
			"restart-unit done: asked systemd to restart second.service, which goes on" + without, true},
		{"Type=simple", "After=first.service", "ExecStartPre=" + report + "\n" + late,
			asks + "second.service starts after first.service, but systemd is not told when that has the port (Type=simple, no ExecStartPost= with portguard ready)\n", false},
		{"as the command of Type=simple", "After=first.service", "ExecStart=" + report + "\n", race, true},
		{"not ordered", "After=basic.target", "Type=notify\nExecStartPre=" + report + "\n" + late, race, false},
		{"in ExecStartPost=", "After=first.service", "ExecStart=/bin/sleep 1000\nExecStartPost=-" + report + "\n", race, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := 40450 + i
			before := ""
			if tt.after == "" {
				before = "Before=second.service"
			}
			r.Unit(t, "second.service", fmt.Sprintf("[Unit]\n%s\n[Service]\nType=notify\nExecStart=/usr/local/bin/holder -from %d -ask\n", tt.after, port))
			r.Unit(t, "first.service", "[Unit]\n"+before+"\n"+fmt.Sprintf("[Service]\nTimeoutStartSec=20\nStandardOutput=file:/run/first\n"+tt.first, port))
			r.Shell(t, "rm -f /run/first; systemctl daemon-reload; systemctl start second")
			t.Cleanup(func() { r.Shell(t, "systemctl stop first second; systemctl reset-failed") })
			pool := r.property(t, "second", "MainPID")
			out, status, err := r.Run("systemctl", "start", "first")
			if err != nil || (status == 0) != tt.starts {
				t.Errorf("status %d, %v\n%s", status, err, out)
			}
			doc := decoded(t, r.Shell(t, "for i in $(seq 200); do grep ephemeral_range /run/first && exit; sleep .05; done"))
			if len(doc.Endpoints) != 1 {
				t.Fatalf("no report\n%s", r.Shell(t, "journalctl -b -o cat -u first"))
			}
			if diff := cmp.Diff(tt.want, actionsOf(doc.Endpoints[0])); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.Contains(tt.want, "will not have it") {
				if now := r.property(t, "second", "MainPID"); now != pool {
					t.Errorf("the client had pid %s and has %s", pool, now)
				}
				return
			}
			r.reaches(t, "second", "ActiveState", "failed")
			if _, status := r.portguard(t, "ready", "-q", "--unit", "first", "-p", fmt.Sprint(port)); status != cli.ExitOK {
				t.Errorf("the service does not listen: %d", status)
			}
		})
	}
}
