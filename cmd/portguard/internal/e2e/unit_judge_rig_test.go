package e2e

import (
	"strings"
	"testing"
)

// What runs as root in front of a service judges as the service will.
func TestUnitJudgesAsTheService(t *testing.T) {
	t.Parallel() // a system of its own
	onEachSystemd(t, func(t *testing.T, r unitRig) {
		r.Install(t, builds.build(t, "./testdata/unit/optioned"), "/usr/local/bin/optioned")
		r.Shell(t, "ip link set lo up")
		t.Run("SO_REUSEPORT", r.testReusePort)
		t.Run("--only", r.testOnlyDynamicUser)
		t.Run("SO_BINDTODEVICE", r.testDevice)
	})
}

// SO_REUSEPORT shares a port among the sockets of one user: the service's, not root's.
func (r unitRig) testReusePort(t *testing.T) {
	const serve = "ExecStart=/usr/local/bin/optioned -reuseport tcp4 0.0.0.0:30050\n"
	r.Unit(t, "first.service", "[Service]\nType=notify\nUser=daemon\n"+serve)
	r.Unit(t, "roots.socket", "[Socket]\nListenStream=0.0.0.0:30050\nReusePort=yes\n")
	r.Unit(t, "roots.service", "[Service]\nExecStart=/bin/true\n")
	r.Unit(t, "made.service", "[Service]\nType=notify\nDynamicUser=yes\nUser=made\n"+serve)
	for _, tt := range []struct {
		name   string
		user   string // of the guarded service, as its unit says
		holder string
		asUser bool // the guard says whose
		starts bool
	}{
		{"beside its own", "User=daemon", "first.service", true, true},
		{"beside root's", "User=daemon", "roots.socket", true, false},
		{"root beside a user's", "", "first.service", false, false},
		{"root beside root's", "User=root", "roots.socket", false, true},
		{"beside another's", "DynamicUser=yes", "first.service", true, false},
		{"beside its own, whom systemd has made", "DynamicUser=yes\nUser=made", "made.service", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.Unit(t, "second.service", "[Service]\nType=notify\n"+tt.user+"\n"+serve)
			r.Shell(t, "systemctl daemon-reload; systemctl start "+tt.holder)
			r.succeeds(t, "unit", "install", "second", "-p", "0.0.0.0:30050", "--reuseport")
			text := r.Shell(t, "cat /etc/systemd/system/second.service.d/*")
			if strings.Contains(text, " --as-user ${USER}\n") != tt.asUser {
				t.Errorf("the drop-in:\n%s", text)
			}
			starts := func() bool {
				_, status, err := r.Run("systemctl", "start", "second")
				if err != nil {
					t.Fatal(err)
				}
				return status == 0
			}
			if starts() != tt.starts {
				t.Errorf("guarded, that it starts is %v\n%s", !tt.starts, r.Shell(t, "journalctl -b --no-pager -u second -n 20"))
			}
			said := r.Shell(t, "systemctl show second -p ExecStartPre")
			if judged := !strings.Contains(said, "status=69"); judged != tt.starts {
				t.Errorf("the guard says free is %v: %s", judged, said)
			}
			r.succeeds(t, "unit", "remove", "second")
			r.Shell(t, "systemctl stop second; systemctl reset-failed")
			if starts() != tt.starts {
				t.Errorf("by itself, that it starts is %v", !tt.starts)
			}
			r.Shell(t, "systemctl stop second first.service made.service roots.socket roots.service; systemctl reset-failed")
		})
	}
}

// Whom systemd has made for a service is in no /etc/passwd, and has a name all the same.
func (r unitRig) testOnlyDynamicUser(t *testing.T) {
	r.Unit(t, "made.service", "[Service]\nType=notify\nDynamicUser=yes\nUser=made\nExecStart=/usr/local/bin/optioned tcp4 0.0.0.0:30052\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start made")
	for _, tt := range []struct {
		user, want string
		status     int
	}{
		{"made", "kill    would: send SIGTERM", 0},
		{"daemon", "--only user=daemon", 69},
		{"root", "--only user=root", 69},
	} {
		out, status := r.portguard(t, "--kill", "--kill-listeners", "--only", "user="+tt.user, "--dry-run", "-p", "30052")
		if status != tt.status || !strings.Contains(out, tt.want) {
			t.Errorf("%s: status %d, want %d, with %q, in\n%s", tt.user, status, tt.status, tt.want, out)
		}
	}
	r.Shell(t, "systemctl stop made")
	if out, status := r.portguard(t, "--kill", "--only", "user=made", "-p", "30052"); status != 64 {
		t.Errorf("a name that is nobody's any more: status %d\n%s", status, out)
	}
}

// A service has its port on its interface, as it is found there, and starts beside another one's.
func (r unitRig) testDevice(t *testing.T) {
	const serve = "[Service]\nType=notify\nExecStart=/usr/local/bin/optioned -device "
	r.Unit(t, "inner.service", serve+"in0 tcp4 0.0.0.0:30051\n")
	r.Unit(t, "outer.service", serve+"out0 tcp4 0.0.0.0:30051\n")
	r.Shell(t, "ip link add in0 type veth peer name out0", "systemctl daemon-reload; systemctl start inner outer")
	for _, form := range []string{"pre", "wrapper"} {
		t.Run(form, func(t *testing.T) {
			r.succeeds(t, "unit", "install", "outer", "--as", form)
			if text := r.Shell(t, "cat /etc/systemd/system/outer.service.d/*"); !strings.Contains(text, " -p 0.0.0.0%%out0:30051") {
				t.Errorf("the drop-in:\n%s", text)
			}
			if shown := r.succeeds(t, "unit", "show", "outer"); !strings.Contains(shown, "0.0.0.0%out0 30051/tcp") {
				t.Errorf("show:\n%s", shown)
			}
			r.Shell(t, "systemctl restart outer", "systemctl is-active inner outer")
			r.succeeds(t, "unit", "remove", "outer")
		})
	}
	t.Run("where it is not bound to one", func(t *testing.T) {
		r.Shell(t, "systemctl stop outer")
		out, status := r.portguard(t, "-p", "0.0.0.0:30051")
		if status != 69 || !strings.Contains(out, "socket  0.0.0.0%in0:30051  LISTEN") {
			t.Errorf("status %d\n%s", status, out)
		}
	})
	r.Shell(t, "systemctl stop inner; ip link delete in0")
}
