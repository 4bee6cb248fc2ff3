package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
)

// --restart-unit refuses what a restart would not free, or would not bring up again, before anything is restarted; the dry run
// says the same, and the advice does not name it.
func (r systemdRig) testRestartRefused(t *testing.T) {
	const holder = "ExecStart=/usr/local/bin/holder -from %d"
	child := "ExecStart=/bin/bash -c '/usr/local/bin/holder -from %d & exec sleep 1000'"
	for i, tt := range []struct {
		name    string
		unit    string   // of what has the port
		after   []string // what happens once it has it
		refused string
	}{
		{"RefuseManualStop=", "[Unit]\nRefuseManualStop=yes\n[Service]\n" + holder, nil,
			"victim.service is not restarted by hand (RefuseManualStart=, RefuseManualStop=)"},
		{"masked while it runs", "[Service]\n" + holder,
			[]string{"rm /etc/systemd/system/victim.service", "ln -s /dev/null /etc/systemd/system/victim.service", "systemctl daemon-reload"},
			"victim.service would not start again: systemd says that it is masked"},
		{"frozen", "[Service]\n" + holder, []string{"systemctl freeze victim"},
			"victim.service is frozen: systemctl thaw comes first (systemd 257 refuses to restart it)"},
		{"its file is gone", "[Service]\n" + holder, []string{"rm /etc/systemd/system/victim.service", "systemctl daemon-reload"},
			"victim.service would not start again: systemd says that it is not-found"},
		{"a client that asks for its port", "[Service]\n" + holder + " -ask", nil,
			"its program asked for this port itself, and would ask for it again: after a restart one of the two services is down"},
		{"a child that outlives it", "[Service]\nKillMode=process\n" + child, nil,
			"a restart of victim.service would leave pid PID alive: it ends the main process alone (KillMode=process)"},
		{"what an earlier run has left", "[Service]\nKillMode=process\n" + child, []string{"systemctl stop victim"},
			"victim.service does not run: what has the port is left over from an earlier run, and a restart would not end it"},
		{"nobody is ended", "[Service]\nKillMode=none\n" + holder, nil, "a restart of victim.service ends no process (KillMode=none)"},
		{"a cgroup of its own making", "[Service]\nDelegate=yes\nExecStart=/bin/bash -c 'own=/sys/fs/cgroup$$(sed -n s/^0:://p /proc/self/cgroup); " +
			"mkdir $$own/inner; (echo $$BASHPID >$$own/inner/cgroup.procs; exec /usr/local/bin/holder -from %d) & exec sleep 1000'", nil,
			"a restart of victim.service is not about pid PID, which it runs in a cgroup of its own making (Delegate=)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := 40420 + i
			r.Shell(t, "rm -f /etc/systemd/system/victim.service")
			r.Unit(t, "victim.service", fmt.Sprintf(tt.unit, port)+"\n")
			r.Shell(t, "systemctl daemon-reload; systemctl start victim")
			t.Cleanup(func() {
				r.Shell(t, "for p in $(pidof holder); do kill -KILL $p; done", "rm -f /etc/systemd/system/victim.service",
					"systemctl kill -s KILL victim || true", "systemctl daemon-reload", "systemctl reset-failed")
			})
			r.taken(t, port)
			r.Shell(t, tt.after...)
			before := r.Shell(t, "pidof holder")
			for _, flags := range [][]string{{"--restart-unit"}, {"--restart-unit", "--dry-run"}} {
				e, status := r.ask(t, port, flags...)
				if diff := cmp.Diff("restart-unit not-possible: "+tt.refused+"\n", withoutPIDs(actionsOf(e))); diff != "" || status != cli.ExitUnavailable {
					t.Errorf("%v: status %d (-want +got)\n%s", flags, status, diff)
				}
				if advice := strings.Join(e.Advice, "\n"); strings.Contains(advice, "--restart-unit") {
					t.Errorf("%v: advised all the same:\n%s", flags, advice)
				}
			}
			if now := r.Shell(t, "pidof holder"); now != before {
				t.Errorf("the holder was pid %s and is %s", before, now)
			}
		})
	}
}

// taken waits until somebody has the port.
func (r systemdRig) taken(t *testing.T, port int) {
	t.Helper()
	r.Shell(t, fmt.Sprintf("for i in $(seq 200); do portguard -q -p %d || exit 0; sleep .02; done; exit 1", port))
}

// A restart may wait for the start that asks for it, and may take it along.
func (r systemdRig) testRestartOrder(t *testing.T) {
	guard := func(port int) string {
		return fmt.Sprintf("ExecStartPre=/usr/local/bin/portguard --restart-unit -p %d\n", port)
	}
	first := func(t *testing.T, port int, unit, before string) {
		t.Helper()
		r.Unit(t, "first.service", fmt.Sprintf("[Unit]\n%s\n[Service]\nType=notify\nTimeoutStartSec=20\n%sExecStart=/usr/local/bin/witness -listen %d\n", unit, before, port))
		r.Shell(t, "systemctl daemon-reload; systemctl start second")
		t.Cleanup(func() { r.Shell(t, "systemctl stop first second; systemctl reset-failed") })
	}
	second := func(t *testing.T, port int, unit string) {
		t.Helper()
		r.Unit(t, "second.service", fmt.Sprintf("[Unit]\n%s\n[Service]\nType=notify\nExecStart=/usr/local/bin/holder -from %d\n", unit, port))
	}
	t.Run("a pool that comes up after the service", func(t *testing.T) {
		const port = 40430
		second(t, port, "After=first.service")
		first(t, port, "", guard(port))
		pool := r.property(t, "second", "MainPID")
		begin := time.Now()
		r.Shell(t, "systemctl start first")
		if took := time.Since(begin); took > 15*time.Second {
			t.Errorf("the start took %s", took)
		}
		if now := r.property(t, "second", "MainPID"); now == pool {
			t.Error("the pool was not restarted")
		}
		want := "restart-unit: asked systemd to restart second.service, which goes on\n"
		if out := r.Shell(t, "journalctl --sync; journalctl -b -o cat -u first"); !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	})
	t.Run("a pool that takes longer to stop than the service has to start", func(t *testing.T) {
		const port = 40436
		second(t, port, "")
		r.Unit(t, "second.service.d/slow.conf", "[Service]\nExecStop=/bin/sleep 4\n")
		t.Cleanup(func() { r.Shell(t, "rm -r /etc/systemd/system/second.service.d") })
		first(t, port, "", "NotifyAccess=all\nTimeoutStartSec=2\n"+guard(port))
		r.Shell(t, "systemctl start first")
		want := ": 40436/tcp: holder (pid "
		if out := r.Shell(t, "journalctl --sync; journalctl -b -o cat -u first"); !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	})
	t.Run("a pool that the service requires", func(t *testing.T) {
		const port = 40432
		second(t, port, "")
		first(t, port, "Requires=second.service\nAfter=second.service", "StandardOutput=file:/run/first\n"+guard(port))
		pool := r.property(t, "second", "MainPID")
		if out, status, err := r.Run("systemctl", "start", "first"); err != nil || status == 0 {
			t.Errorf("the service has started: %v\n%s", err, out)
		}
		want := "restart-unit not possible: a restart of second.service takes first.service along, which portguard itself runs in (Requires=, BindsTo= or PartOf=)"
		if out := r.Shell(t, "cat /run/first"); !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
		if now := r.property(t, "second", "MainPID"); now != pool {
			t.Errorf("the pool was pid %s and is %s", pool, now)
		}
	})
	t.Run("another service that requires it", func(t *testing.T) {
		const port = 40434
		second(t, port, "")
		first(t, port+1, "Requires=second.service\nAfter=second.service", "")
		r.Shell(t, "systemctl start first")
		e, _ := r.ask(t, port, "--restart-unit", "--dry-run")
		if diff := cmp.Diff("restart-unit would: restart second.service, and with it first.service\n", actionsOf(e)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// A user's service manager is a service manager.
func (r systemdRig) testManagers(t *testing.T) {
	needs.File(t, "/usr/share/pam-configs/systemd", "libpam-systemd")
	needs.File(t, "/usr/lib/systemd/user/dbus.socket", "dbus-user-session")
	r.Shell(t, "systemctl start user@0")
	t.Cleanup(func() { r.Shell(t, "systemctl stop user@0") })
	for _, tt := range []struct {
		name, start, unit string
		port              int
	}{
		{"a socket unit", "systemd-run -q --user --unit=idle --socket-property=ListenStream=40440 sleep 1000", "idle.socket", 40440},
		{"a descriptor store", "systemd-run -q --user --unit=kept -p Type=notify -p FileDescriptorStoreMax=1 witness -keep -listen 40441", "kept.service", 40441},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.Shell(t, "XDG_RUNTIME_DIR=/run/user/0 "+tt.start)
			r.taken(t, tt.port)
			before := r.property(t, "user@0", "MainPID")
			for _, rung := range []string{"--close", "--restart-unit", "--kill"} {
				e, status := r.ask(t, tt.port, rung, "--kill-listeners")
				want := fmt.Sprintf("%s not-possible: pid PID is a service manager and is never touched: systemctl --user -M root@ stop %s\n", rung[2:], tt.unit)
				if diff := cmp.Diff(want, withoutPIDs(actionsOf(e))); diff != "" || status != cli.ExitUnavailable {
					t.Errorf("status %d (-want +got)\n%s", status, diff)
				}
				if diff := cmp.Diff([]string{"systemctl --user -M root@ stop " + tt.unit}, e.Advice); diff != "" {
					t.Errorf("the advice (-want +got)\n%s", diff)
				}
			}
			if now := r.property(t, "user@0", "MainPID"); now != before {
				t.Errorf("the manager was pid %s and is %s", before, now)
			}
		})
	}
	t.Run("what is named ends it", func(t *testing.T) {
		r.Shell(t, "systemctl --user -M root@ stop idle.socket", "portguard -q -p 40440")
	})
}
