package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// listening counts the sockets that listen on the port, in both families, once there are as many, or after a while.
func (r unitRig) listening(t *testing.T, port, want int) int {
	t.Helper()
	out := r.Shell(t,
		fmt.Sprintf("count() { cat /proc/net/tcp /proc/net/tcp6 | grep -c ':%04X .*:0000 0A ' || true; }", port),
		fmt.Sprintf("for i in $(seq 60); do [ $(count) = %d ] && break; sleep .05; done; count", want))
	var n int
	if _, err := fmt.Sscan(out, &n); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	return n
}

// What the running service has set on its sockets decides how it is guarded: each of these starts whole, in every form.
func (r unitRig) testLearns(t *testing.T) {
	r.Install(t, builds.build(t, "./testdata/unit/pair"), "/usr/local/bin/pair")
	r.Shell(t, "ip link set lo up")
	for _, tt := range []struct {
		name, command string
		sockets       int
		flags         map[string]string // by the form
	}{
		{"a usual one", "orderd 30010", 1, map[string]string{
			"pre": "-p 30010", "wrapper": "-p 30010", "wrapper --hold fdstore": "-p 30010 --hold fdstore",
		}},
		{"without SO_REUSEADDR", "orderd -reuse=false 30010", 1, map[string]string{
			"pre": "-p 30010 --no-reuseaddr --reserve", "wrapper": "-p 30010 --no-reuseaddr --reserve --hold none",
		}},
		{"without SO_REUSEADDR, IPv4 alone", "orderd -reuse=false -network tcp4 30010", 1, map[string]string{
			"pre": "-p 0.0.0.0:30010 --no-reuseaddr --reserve", "wrapper": "-p 0.0.0.0:30010 --no-reuseaddr --reserve --hold none",
		}},
		{"on an address that the host lacks", "orderd -network tcp4 -addr 192.0.2.7 -freebind 30010", 1, map[string]string{
			"pre": "-p 192.0.2.7:30010 --freebind", "wrapper": "-p 192.0.2.7:30010 --freebind",
		}},
		{"on any address, as a proxy", "orderd -network tcp6 -addr 2001:db8::7 -transparent 30010", 1, map[string]string{"pre": "-p [2001:db8::7]:30010 --freebind"}},
		{"a pair", "pair 30010", 2, map[string]string{
			"pre": "-p 30010", "wrapper": "-p 30010", "wrapper --hold fdstore": "-p 30010 --hold fdstore",
		}},
	} {
		for form, want := range tt.flags {
			t.Run(tt.name+", "+form, func(t *testing.T) {
				r.Unit(t, "learn.service", "[Service]\nType=simple\nExecStart=/usr/local/bin/"+tt.command+"\n")
				r.Shell(t, "systemctl daemon-reload; systemctl start learn")
				if n := r.listening(t, 30010, tt.sockets); n != tt.sockets {
					t.Fatalf("alone it listens on %d sockets", n)
				}
				r.succeeds(t, append([]string{"unit", "install", "learn", "--as"}, strings.Fields(form)...)...)
				got := r.Shell(t, "grep -ho '/portguard -p [^/]*' /etc/systemd/system/learn.service.d/zz-portguard.conf")
				if got = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(got, "/portguard ")), " --"); got != want {
					t.Errorf("flags %q, want %q", got, want)
				}
				for range 2 {
					r.Shell(t, "systemctl restart learn")
					if n := r.listening(t, 30010, tt.sockets); n != tt.sockets {
						t.Errorf("guarded it listens on %d sockets\n%s", n, r.Shell(t, "journalctl --no-pager -u learn -n 12"))
					}
				}
				r.Shell(t, "systemctl stop learn; portguard unit remove learn; portguard release 30010; systemctl reset-failed")
			})
		}
	}
	t.Run("half of a pair", func(t *testing.T) {
		r.Unit(t, "learn.service", "[Service]\nType=simple\nExecStart=/usr/local/bin/pair 30010\n")
		r.Shell(t, "systemctl daemon-reload")
		r.steal(t, "learn", 30010)
		r.Shell(t, "systemctl start learn")
		if n := r.listening(t, 30010, 1); n != 1 {
			t.Fatalf("it listens on %d sockets beside the pool", n)
		}
		out := r.succeeds(t, "unit", "install", "learn", "--share")
		if want := "it listens on [::]:30010 alone, and is deaf to IPv4, where pool (pid "; !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
		r.Shell(t, "systemctl restart learn")
		if n := r.listening(t, 30010, 2); n != 2 {
			t.Errorf("guarded it listens on %d sockets\n%s", n, r.Shell(t, "journalctl --no-pager -u learn -n 12"))
		}
		r.Shell(t, "systemctl stop learn pool; portguard unit remove learn; systemctl reset-failed")
	})
}
