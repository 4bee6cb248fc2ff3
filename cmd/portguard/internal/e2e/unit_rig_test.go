package e2e

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/systemd/rigtest"
)

// rigRelease names the Debian releases, or root directories, whose systemd the tests of units run on as well.
var rigRelease = flag.String("rig.release", "", "also run the tests of units on these Debian releases' systemd (bullseye,trixie,sid): half a minute each, the first time")

// unitRig is a systemd with portguard, a service, and a connection pool to take the service's port.
type unitRig struct{ *rigtest.System }

func bootUnitRig(t *testing.T, root string) unitRig {
	t.Helper()
	r := unitRig{rigtest.Boot(t, root)}
	r.Install(t, binary(t), "/usr/local/bin/portguard")
	r.Install(t, builds.build(t, "./testdata/ladder/service"), "/usr/local/bin/orderd")
	r.Install(t, builds.build(t, "./testdata/unit/pool"), "/usr/local/bin/pool")
	r.Unit(t, "pool.service", "[Service]\nType=exec\nExecStart=/usr/local/bin/pool\n")
	return r
}

// portguard runs it inside, as root.
func (r unitRig) portguard(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	out, status, err := r.Run(append([]string{"portguard"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out, status
}

// succeeds runs portguard, which must exit with 0.
func (r unitRig) succeeds(t *testing.T, args ...string) string {
	t.Helper()
	out, status := r.portguard(t, args...)
	if status != 0 {
		t.Fatalf("portguard %q: status %d\n%s", args, status, out)
	}
	return out
}

// steal stops a service and has the kernel give its port to the pool meanwhile.
func (r unitRig) steal(t *testing.T, service string, port int) {
	t.Helper()
	r.Shell(t,
		"ip link set lo up 2>/dev/null || true",
		"systemctl stop "+service+" pool",
		"read -r low high </proc/sys/net/ipv4/ip_local_port_range",
		fmt.Sprintf("echo %d %d >/proc/sys/net/ipv4/ip_local_port_range", port, port),
		"systemctl start pool",
		fmt.Sprintf("for i in $(seq 200); do ss -Htn sport = :%d | grep ESTAB >/dev/null && break; sleep .05; done", port),
		"echo $low $high >/proc/sys/net/ipv4/ip_local_port_range",
		fmt.Sprintf("ss -Htn sport = :%d | grep ESTAB >/dev/null", port))
}

// settings is everything below /etc/systemd.
func (r unitRig) settings(t *testing.T) string {
	t.Helper()
	return r.Shell(t, "cd /etc/systemd; find . -printf '%P %y %m\n' | sort; find . -type f | sort | xargs md5sum")
}

// onEachSystemd boots the systemd of this host and, with -rig.release, others.
func onEachSystemd(t *testing.T, test func(*testing.T, unitRig)) {
	releases := []string{""}
	if *rigRelease != "" {
		releases = append(releases, strings.Split(*rigRelease, ",")...)
	}
	for _, release := range releases {
		name, root := "host", ""
		if release != "" {
			name, root = filepath.Base(release), rigtest.RootFS(t, release)
		}
		t.Run(name, func(t *testing.T) {
			r := bootUnitRig(t, root)
			t.Log(strings.SplitN(r.Shell(t, "systemctl --version"), "\n", 2)[0])
			test(t, r)
		})
	}
}

// The whole life of a guarded service, in each form, on the systemd of this host and, with -rig.release, on others.
func TestUnitLife(t *testing.T) {
	t.Parallel() // a system of its own
	onEachSystemd(t, func(t *testing.T, r unitRig) {
		t.Run("forms", r.testForms)
		t.Run("the command line survives", r.testCommandLine)
		t.Run("network namespaces", r.testNetworkNamespace)
		t.Run("refusals", r.testRefusals)
		t.Run("edited sockets", r.testEditedSockets)
		t.Run("sandboxes", r.testSandboxes)
		t.Run("its program is gone", r.testProgramGone)
		t.Run("learns", r.testLearns)
		t.Run("installed again", r.testInstalledAgain)
		t.Run("several at once", r.testAtOnce)
		t.Run("of a user", r.testUsersUnit)
	})
}

func (r unitRig) testForms(t *testing.T) {
	r.Unit(t, "order.service", "[Service]\nType=exec\nUser=daemon\nExecStartPre=/bin/true\nExecStart=/usr/local/bin/orderd 30010\n")
	r.Shell(t, "systemctl daemon-reload")
	clean := r.settings(t)
	for _, tt := range []struct {
		name  string
		user  string
		flags []string
	}{
		{"pre", "daemon", []string{"--share"}},
		{"pre, with everything that needs quotes", "daemon", []string{"--close", "--only", `exe=/po%ol $x"'`, "--only", "exe=/usr/local/bin/p*l"}},
		{"wrapper", "root", []string{"--as", "wrapper", "--share"}},
		{"wrapper without holding", "root", []string{"--as", "wrapper", "--share", "--hold", "none"}},
		{"wrapper with the fd store", "root", []string{"--as", "wrapper", "--share", "--hold", "fdstore"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r.Shell(t, "sed -i s/User=.*/User="+tt.user+"/ /etc/systemd/system/order.service; systemctl daemon-reload", "systemctl start order")
			before := r.settings(t)
			// The endpoint is found: it is what the service listens on.
			r.succeeds(t, append([]string{"unit", "install", "order"}, tt.flags...)...)
			if out := r.Shell(t, "systemd-analyze verify order.service 2>&1"); out != "" {
				t.Errorf("systemd-analyze verify: %s", out)
			}
			if show := r.succeeds(t, "unit", "show"); !strings.Contains(show, "30010/tcp") || strings.Contains(show, "outdated") {
				t.Errorf("show:\n%s", show)
			}
			r.steal(t, "order", 30010)
			if out, status, err := r.Run("systemctl", "start", "order"); status != 0 || err != nil {
				t.Fatalf("status %d, %v\n%s%s", status, err, out, r.Shell(t, "journalctl -b --no-pager -u order -n 20"))
			}
			r.Shell(t, "for i in $(seq 100); do grep -q ':753A .* 0A ' /proc/net/tcp6 && exit; sleep .05; done; exit 1")
			r.Shell(t, "systemctl restart order; systemctl is-active order; systemctl status --no-pager order")
			r.succeeds(t, "unit", "remove", "order")
			if diff := cmp.Diff(before, r.settings(t)); diff != "" {
				t.Errorf("what remove leaves behind (-before +after)\n%s", diff)
			}
			if out := r.Shell(t, "systemctl show order -p DropInPaths --value"); out != "\n" {
				t.Errorf("systemd knows drop-ins still: %s", out)
			}
			r.Shell(t, "systemctl stop order pool; systemctl reset-failed")
		})
	}
	if out := r.succeeds(t, "unit", "remove", "order"); !strings.Contains(out, "not guarded") {
		t.Errorf("a second remove: %s", out)
	}
	t.Run("without it the service fails", func(t *testing.T) {
		r.steal(t, "order", 30010)
		r.Shell(t, "sed -i s/Type=exec/Type=oneshot/ /etc/systemd/system/order.service; systemctl daemon-reload")
		if out, status, _ := r.Run("systemctl", "start", "order"); status == 0 {
			t.Errorf("it starts: %s", out)
		}
		r.Shell(t, "sed -i -e s/Type=oneshot/Type=exec/ -e s/User=.*/User=daemon/ /etc/systemd/system/order.service; systemctl daemon-reload; systemctl stop pool; systemctl reset-failed")
	})
	if diff := cmp.Diff(clean, r.settings(t)); diff != "" {
		t.Errorf("at the end (-before +after)\n%s", diff)
	}
}

// Prefixes, quotes, escapes, specifiers and variables mean the same behind portguard.
func (r unitRig) testCommandLine(t *testing.T) {
	const show = `/bin/sh -c 'printf "[%%s]" "$$0" "$$@"; echo'`
	lines := map[string]string{}
	for name, line := range map[string]string{
		"words":      show + ` a  "b c" 'd "e"' f"g h"i \x41 j\ k`,
		"specifiers": show + ` %n %p %% "%i"`,
		"variables":  show + ` $A ${A} x${A}y $$A "$$A" "x $A" $NONE end`,
		"prefixes":   "-+" + show + ` $A`,
		"no-expand":  `:/bin/sh -c 'printf "[%%s]" "$0" "$@"; echo' $A ${A} $$A`,
		"continued":  show + " a \\\n  # comment\n  b\\\nc",
		"separators": show + ` a \; ";" b`,
		"called":     `@/bin/sh called -c 'printf "["; tr "\\000" "|" </proc/$$$$/cmdline; echo' a`,
	} {
		lines[name] = line
		r.Unit(t, name+".service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nEnvironment='A=one two'\nExecStart="+line+"\n")
	}
	r.Shell(t, "systemctl daemon-reload")
	verify := func(name string) string { return r.Shell(t, "systemd-analyze verify "+name+".service 2>&1") }
	// What they say is under the name of their own program, also behind portguard.
	run := func(name string) string {
		return r.Shell(t, "systemctl restart "+name,
			"said() { journalctl --sync; journalctl -o cat -t sh _SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value "+name+"); }",
			"for i in $(seq 50); do [ -n \"$(said)\" ] && break; sleep 0.1; done", // before systemd 258, --sync leaves out what a stream still has
			"said")
	}
	for name := range lines {
		t.Run(name, func(t *testing.T) {
			want, complaints := run(name), verify(name)
			r.succeeds(t, "unit", "install", name, "--as", "wrapper", "-p", "30020")
			if got := verify(name); got != "" && complaints == "" {
				t.Errorf("systemd-analyze verify: %s", got)
			}
			if diff := cmp.Diff(want, run(name)); diff != "" || !strings.HasPrefix(want, "[") {
				t.Errorf("(-alone +behind portguard)\n%s%s", diff, r.Shell(t, "cat /etc/systemd/system/"+name+".service.d/*"))
			}
		})
	}
	t.Run("outdated", func(t *testing.T) {
		r.Shell(t, "sed -i '/^ExecStart/s/ end$/ END/' /etc/systemd/system/variables.service; systemctl daemon-reload")
		for line := range strings.Lines(r.succeeds(t, "unit", "show")) {
			if got, want := strings.Contains(line, "outdated"), strings.HasPrefix(line, "variables.service "); got != want {
				t.Errorf("outdated: %v, want %v: %s", got, want, line)
			}
		}
		r.succeeds(t, "unit", "install", "variables", "--as", "wrapper", "-p", "30020")
		if out := run("variables"); !strings.HasSuffix(out, "[END]\n") {
			t.Errorf("installed again, it says %s", out)
		}
	})
	for name := range lines {
		r.succeeds(t, "unit", "remove", name)
	}
}

// ExecStartPre=+ runs in the service's network namespace, so that it looks at the ports that the service will bind.
func (r unitRig) testNetworkNamespace(t *testing.T) {
	r.Shell(t, "systemctl stop pool", "systemd-run --quiet --unit=elsewhere --service-type=exec /usr/local/bin/orderd 30030")
	r.Unit(t, "private.service", "[Service]\nType=exec\nPrivateNetwork=yes\nExecStart=/usr/local/bin/orderd 30030\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start private")
	if out, status := r.portguard(t, "unit", "install", "private"); status != 64 || !strings.Contains(out, "namespace of its own") {
		t.Errorf("without -p: status %d\n%s", status, out)
	}
	r.succeeds(t, "unit", "install", "private", "-p", "30030")
	r.Shell(t, "systemctl restart private; systemctl is-active private") // though 30030 is taken outside
	r.Shell(t, "systemctl stop private elsewhere")
	r.succeeds(t, "unit", "remove", "private")
}
