package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A start that leaves a service deaf, or up by half, fails, on a real systemd.
func TestReadyUnit(t *testing.T) {
	t.Parallel() // a system of its own
	onEachSystemd(t, func(t *testing.T, r unitRig) {
		r.Install(t, builds.build(t, "./testdata/unit/pair"), "/usr/local/bin/pair")
		r.Shell(t, "ip link set lo up")
		t.Run("up by half", r.testReadyHalf)
		t.Run("kinds of units", r.testReadyKinds)
		t.Run("refused", r.testReadyRefused)
		t.Run("time", r.testReadyTime)
		t.Run("reload", r.testReadyReload)
	})
}

// service writes a unit anew.
func (r unitRig) service(t *testing.T, name string, lines ...string) {
	t.Helper()
	r.Shell(t, "systemctl stop "+name+" 2>/dev/null || true; portguard unit remove "+name+" || true; systemctl reset-failed")
	r.Unit(t, name+".service", "[Service]\n"+strings.Join(lines, "\n")+"\n")
	r.Shell(t, "systemctl daemon-reload")
}

// starts starts a unit, and tells how that ended and how long it took.
func (r unitRig) starts(t *testing.T, unit string) (ok bool, took time.Duration) {
	t.Helper()
	began := time.Now()
	_, status, err := r.Run("systemctl", "start", unit)
	if err != nil {
		t.Fatal(err)
	}
	return status == 0, time.Since(began)
}

func (r unitRig) testReadyHalf(t *testing.T) {
	const byHalf = " and is deaf on IPv4, where somebody else has the port: pool (pid "
	for i, tt := range []struct {
		name, line, flags string
		sockets           int // 0: it does not start
		says              string
	}{
		{"asked alone", "ExecStartPost=/usr/local/bin/portguard ready --wait 30s -p PORT", "", 0, byHalf},
		{"--ready", "", "--ready 30s", 0, "/tcp is taken"},
		{"--share --ready", "", "--share --ready 30s", 2, ""},
		{"wrapper, --share --ready", "", "--as wrapper --share --ready 30s", 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := 30030 + i // the pool's journal tells of each once
			name := fmt.Sprint(port)
			r.service(t, "half", "ExecStart=/usr/local/bin/pair "+name, strings.Replace(tt.line, "PORT", name, 1))
			r.steal(t, "half", port)
			since := strings.TrimSpace(r.Shell(t, "date +%s.%N"))
			if tt.flags != "" {
				r.succeeds(t, append([]string{"unit", "install", "half", "-p", name}, strings.Fields(tt.flags)...)...)
			}
			up, took := r.starts(t, "half")
			if up != (tt.sockets > 0) || took > 15*time.Second {
				t.Errorf("it starts: %v, after %s\n%s", up, took, r.Shell(t, "journalctl --no-pager -u half -n 12"))
			}
			if n := r.listening(t, port, tt.sockets); n != tt.sockets {
				t.Errorf("it listens on %d sockets", n)
			}
			if journal := r.Shell(t, "journalctl --no-pager -o cat -p err --since @"+since+" PORTGUARD_PORT="+name); !strings.Contains(journal, tt.says) {
				t.Errorf("the journal does not say %q:\n%s", tt.says, journal)
			}
		})
	}
	r.service(t, "half", "ExecStart=/bin/true")
	r.Shell(t, "systemctl stop pool")
}

func (r unitRig) testReadyKinds(t *testing.T) {
	const late = "/usr/local/bin/orderd -delay 300ms 30021"
	for i, tt := range []struct {
		name  string
		lines []string
		up    bool
	}{
		{"another user", []string{"Type=simple", "User=daemon", "ExecStart=" + late}, true},
		{"forking, several processes", []string{"Type=forking", "ExecStart=/bin/sh -c 'sleep 1h & " + late + " & sleep .1'"}, true},
		{"several commands", []string{"Type=oneshot", "RemainAfterExit=yes", "ExecStart=/bin/true", "ExecStart=/bin/sh -c '" + late + " &'"}, true},
		{"notify, ready too soon", []string{"Type=notify", "NotifyAccess=all", "ExecStart=/bin/sh -c 'systemd-notify --ready; exec " + late + "'"}, true},
		{"a network of its own", []string{"Type=exec", "PrivateNetwork=yes", "ExecStart=" + late}, true},
		{"never", []string{"Type=simple", "ExecStart=/bin/sleep 1h"}, false},
		{"ends", []string{"Type=simple", "ExecStart=/bin/sleep .3"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.service(t, "kind", tt.lines...)
			wait := "20s"
			if tt.name == "never" {
				wait = "1s"
			}
			r.succeeds(t, "unit", "install", "kind", "-p", "30021", "--wait", "5s", "--ready", wait)
			up, took := r.starts(t, "kind")
			if up != tt.up || took > 15*time.Second || up && took < 280*time.Millisecond {
				t.Errorf("it starts: %v, after %s\n%s", up, took, r.Shell(t, "journalctl --no-pager -u kind -n 12"))
			}
			if i > 0 {
				return
			}
			if out := r.Shell(t, "systemd-analyze verify kind.service 2>&1"); out != "" {
				t.Errorf("systemd-analyze verify: %s", out)
			}
			if show := r.succeeds(t, "unit", "show", "kind"); !strings.Contains(show, "--ready "+wait) {
				t.Errorf("show:\n%s", show)
			}
			if out := r.succeeds(t, "unit", "install", "kind", "-p", "30021", "--wait", "5s", "--ready", wait); !strings.HasPrefix(out, "unchanged ") {
				t.Errorf("again: %s", out)
			}
		})
	}
	out := r.succeeds(t, "unit", "show", "--json")
	if err := obeys("units", []byte(out)); err != nil || !strings.Contains(out, `"ready":"20s"`) {
		t.Errorf("%v\n%s", err, out)
	}
	r.succeeds(t, "unit", "install", "kind", "-p", "30021", "--wait", "5s")
	if file := r.Shell(t, "cat /etc/systemd/system/kind.service.d/zz-portguard.conf"); strings.Contains(file, "ExecStartPost") {
		t.Errorf("installed without --ready it has\n%s", file)
	}
	r.service(t, "kind", "ExecStart=/bin/true")
	if out := r.Shell(t, "ls /etc/systemd/system"); strings.Contains(out, "kind.service.d") {
		t.Errorf("remove leaves\n%s", out)
	}
}

func (r unitRig) testReadyRefused(t *testing.T) {
	r.service(t, "proxy", "ExecStart=/usr/local/bin/orderd 30022")
	r.Shell(t, "systemctl start proxy")
	r.listening(t, 30022, 1)
	for _, tt := range []struct {
		name  string
		lines []string
		says  string
	}{
		{"oneshot", []string{"Type=oneshot", "ExecStart=/bin/true"}, "Type=oneshot without RemainAfterExit=: when its start is done it has ended"},
		{"another unit listens for it", []string{"ExecStart=/bin/sleep 1h"}, "is none of its processes: orderd (pid "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.service(t, "refused", tt.lines...)
			r.Shell(t, "systemctl start refused")
			out, status := r.portguard(t, "unit", "install", "refused", "-p", "30022", "--wait", "5s", "--ready", "5s")
			if status != 64 || !strings.Contains(out, tt.says) || !strings.Contains(out, "hint: portguard unit install refused.service -p 30022 --wait 5s --as pre\n") {
				t.Errorf("status %d, it does not say %q:\n%s", status, tt.says, out)
			}
			if out := r.Shell(t, "ls /etc/systemd/system"); strings.Contains(out, "refused.service.d") {
				t.Errorf("it was written:\n%s", out)
			}
		})
	}
	out, status := r.portguard(t, "unit", "install", "refused", "-p", "30023", "--ready", "soon")
	if status != 64 || !strings.Contains(out, `--ready "soon" is not a duration`) {
		t.Errorf("status %d\n%s", status, out)
	}
	out = r.succeeds(t, "unit", "install", "refused", "-p", "30023", "--wait", "5s", "--ready", "5m", "--dry-run")
	for _, want := range []string{
		"ExecStartPost=+/usr/local/bin/portguard ready --wait 5m -p 30023\n", "it runs, and does not listen on 30023/tcp: with --ready such a start fails",
		"TimeoutStartSec= of refused.service (1m30s) ends a longer wait of --ready", "refused.service has no Restart=",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	r.Shell(t, "systemctl stop refused proxy")
}

// A service that takes longer than TimeoutStartSec= is given the time, and its status stays its own.
func (r unitRig) testReadyTime(t *testing.T) {
	r.service(t, "slow", "NotifyAccess=all", "TimeoutStartSec=2",
		"ExecStart=/bin/sh -c 'systemd-notify --status=mine; exec /usr/local/bin/orderd -delay 3s 30024'")
	r.succeeds(t, "unit", "install", "slow", "-p", "30024", "--wait", "5s", "--ready", "20s")
	if up, took := r.starts(t, "slow"); !up || took < 2900*time.Millisecond || took > 15*time.Second {
		t.Errorf("it starts: %v, after %s\n%s", up, took, r.Shell(t, "journalctl --no-pager -u slow -n 12"))
	}
	if status := r.Shell(t, "systemctl show -p StatusText slow"); status != "StatusText=mine\n" {
		t.Errorf("its status is %q", status)
	}
	r.service(t, "slow", "ExecStart=/bin/true")
}

// In ExecReload= the unit is found by itself as well, and from outside it takes its name.
func (r unitRig) testReadyReload(t *testing.T) {
	const line = "/usr/local/bin/portguard ready --wait 5s -p 30025"
	r.service(t, "reload", "ExecStart=/usr/local/bin/orderd 30025", "ExecStartPost="+line, "ExecReload=/bin/true", "ExecReload="+line)
	r.Shell(t, "systemctl start reload", "systemctl reload reload", "systemctl is-active reload")
	for _, tt := range []struct {
		args   string
		status int
	}{{"-p 30025", 0}, {"--unit reload -p 30025", 0}, {"--unit reload.service --wait 5s -p 30025", 0}, {"--unit pool -p 30025", 69}, {"--unit reload -p 30026", 69}} {
		if out, status := r.portguard(t, append([]string{"ready"}, strings.Fields(tt.args)...)...); status != tt.status {
			t.Errorf("ready %s: status %d\n%s", tt.args, status, out)
		}
	}
	// A name that is no unit's is no service that is down.
	for args, want := range map[string]string{
		"-p 30026":           "30026/tcp is not listened on: there is no nosuch.service\n",
		"--wait 1s -p 30026": ": there is no nosuch.service\n",
		"-p 30025":           "30025/tcp is somebody else's, and there is no nosuch.service\n",
	} {
		if out, _ := r.portguard(t, append(strings.Fields("ready --unit nosuch"), strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("ready --unit nosuch %s does not say %q:\n%s", args, want, out)
		}
	}
	r.Shell(t, `portguard ready --wait forever --unit nosuch -p 30026 2>/tmp/said & until grep -q "there is no nosuch.service yet" /tmp/said; do sleep 0.1; done; kill $!`)
	// As a service's own program it asks about whom it is told to, and not about itself.
	for _, args := range []string{"-v -p 30025", "-v --unit reload -p 30025"} {
		out, status, err := r.Run(append([]string{"systemd-run", "-q", "--wait", "--pipe", "/usr/local/bin/portguard", "ready"}, strings.Fields(args)...)...)
		if status != 0 || err != nil || !strings.Contains(out, "by orderd (pid ") {
			t.Errorf("ready %s: status %d, %v\n%s", args, status, err, out)
		}
	}
	r.service(t, "reload", "ExecStart=/bin/true")
}
