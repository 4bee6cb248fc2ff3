package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// cgroups is a piece of a hierarchy of cgroups.
type cgroups struct{ top string }

// newCgroups makes one that is gone after the test, in the first hierarchy that is mounted so. It is called as a slice, so that what is
// below it may be a unit. An error says that there is none, or none that may be written.
func newCgroups(t *testing.T, mounted func(kind string, options []string) bool) (cgroups, error) {
	t.Helper()
	nstest.Root(t)
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 4 || !mounted(f[2], strings.Split(f[3], ",")) {
			continue
		}
		top, err := os.MkdirTemp(f[1], "portguard-*.slice")
		if err == nil {
			t.Cleanup(func() { removeCgroup(t, top) })
			err = os.Chmod(top, 0o755) // who searches the hierarchy meanwhile is to get through
		}
		return cgroups{top}, err
	}
	return cgroups{}, errors.New("it is not mounted")
}

// dir makes a cgroup and those above it.
func (c cgroups) dir(t *testing.T, path string) string {
	t.Helper()
	dir := c.top
	for part := range strings.SplitSeq(path, "/") {
		dir = filepath.Join(dir, part)
		switch err := os.Mkdir(dir, 0o755); {
		case err == nil:
			made := dir
			t.Cleanup(func() { removeCgroup(t, made) })
		case !os.IsExist(err):
			t.Fatal(err)
		}
	}
	return dir
}

// removeCgroup waits for those that have just ended there.
func removeCgroup(t *testing.T, dir string) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = os.Remove(dir); err == nil {
			return
		}
	}
	t.Error(err)
}

// in is a command line that goes to a cgroup first.
func (c cgroups) in(t *testing.T, path string, argv ...string) []string {
	t.Helper()
	return append([]string{"sh", "-ec", `echo 0 >"$0/cgroup.procs"; exec "$@"`, c.dir(t, path)}, argv...)
}

// What is said of a process, and what may be done to it, in the cgroup namespaces of this host, of containers, and of neither: a unit and
// a container are named rightly or not at all, and nobody is ended from the one who would be spared from the other.
func TestCgroupNamespaces(t *testing.T) {
	needs.Program(t, "unshare", "util-linux")
	c, err := newCgroups(t, func(kind string, _ []string) bool { return kind == "cgroup2" })
	if err != nil {
		t.Skipf("no cgroup v2 can be made here: %v", err)
	}
	outer, inner := strings.Repeat("3f4e5d6c", 8), strings.Repeat("aa005d6c", 8)
	const host = "" // the first cgroup namespace
	for i, tt := range []struct {
		name   string
		holder string // its cgroup
		from   string // the root of the namespace that portguard is in
		where  string // what the report says of it, behind user and pid
		unit   string
		stop   string // the last advice
		kill   string // what --kill says
	}{
		{"a service, from the host", "order.service", host, ", order.service)", "order.service", "", "would"},
		{"a service, from a container", "order.service", "docker/" + inner, ")", "", "", "would"},
		{"a user's service, from the host", "user@1000.service/foo.service", host, ", foo.service of user@1000.service)", "foo.service", "", "would"},
		{"a user's service, from its manager's cgroup", "user@1000.service/foo.service", "user@1000.service", ")", "", "", "would"},
		{"a container's main process, from the host", "docker/" + outer, host, ", docker container 3f4e5d6c3f4e)", "", "docker stop 3f4e5d6c3f4e", "it is the main process of container 3f4e5d6c3f4e (docker): docker stop"},
		{"the same, from a container beside it", "docker/" + outer, "docker/" + inner, ")", "", "", "it is the main process of container 3f4e5d6c3f4e"},
		{"the same, of systemd's driver", "docker-" + outer + ".scope", "docker/" + inner, ", docker container 3f4e5d6c3f4e)", "", "docker stop 3f4e5d6c3f4e", "it is the main process of container 3f4e5d6c3f4e (docker)"},
		{"a container's container, from the host", "docker/" + outer + "/docker/" + inner, host, ", docker container aa005d6caa00)", "", "",
			"it is the main process of container aa005d6caa00 (docker) in container 3f4e5d6c3f4e"},
		{"the same, from the container around it", "docker/" + outer + "/docker/" + inner, "docker/" + outer, ", docker container aa005d6caa00)", "", "docker stop aa005d6caa00",
			"it is the main process of container aa005d6caa00 (docker): docker stop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := number(uint16(24841 + i))
			pid := listenAs(t, port, c.in(t, tt.holder)...)
			portguard := func(status int, args ...string) string {
				t.Helper()
				argv := append([]string{binary(t)}, args...)
				if tt.from != host {
					argv = c.in(t, tt.from, append([]string{"unshare", "-C"}, argv...)...)
				}
				cmd := exec.Command(argv[0], argv[1:]...)
				said, _ := cmd.CombinedOutput() // the status tells
				if got := cmd.ProcessState.ExitCode(); got != status {
					t.Errorf("portguard %q: status %d, want %d\n%s", args, got, status, said)
				}
				return string(said)
			}
			want := fmt.Sprintf("  holder  service (pid %d, root%s, running", pid, tt.where)
			if said := portguard(cli.ExitUnavailable, "-p", port); !strings.Contains(said, want) {
				t.Errorf("want %q\n%s", want, said)
			}
			var doc report.JSONReport
			if err := json.Unmarshal([]byte(portguard(cli.ExitUnavailable, "--json", "-p", port)), &doc); err != nil {
				t.Fatal(err)
			}
			e := doc.Endpoints[0]
			unit, stop := "", ""
			if e.Holders[0].Unit != nil {
				unit = *e.Holders[0].Unit
			}
			if last := e.Advice[len(e.Advice)-1]; !strings.HasPrefix(last, "portguard ") {
				stop = last
			}
			if unit != tt.unit || unit != e.Holders[0].Processes[0].Unit || stop != tt.stop {
				t.Errorf("unit %q and %q, want %q; stopped by %q, want %q", unit, e.Holders[0].Processes[0].Unit, tt.unit, stop, tt.stop)
			}
			status := cli.ExitOK
			if tt.kill != "would" {
				status = cli.ExitUnavailable
			}
			if said := portguard(status, "--kill", "--kill-listeners", "--dry-run", "-p", port); !strings.Contains(said, tt.kill) {
				t.Errorf("--kill: want %q\n%s", tt.kill, said)
			}
			if tt.unit == "" {
				portguard(cli.ExitUnavailable, "--kill", "--kill-listeners", "--only", "unit=*", "--only", "user-unit=*", "--dry-run", "-p", port)
			}
			if tt.from != host {
				if said := portguard(cli.ExitOSErr, "ready", "--unit", "order", "-p", port); !strings.Contains(said, "the service manager is outside of this cgroup namespace") {
					t.Errorf("ready --unit: %s", said)
				}
			}
		})
	}
}

// On hosts with cgroup v1 and without systemd, a container may be in the hierarchies of the controllers alone.
func TestContainerOfAController(t *testing.T) {
	c, err := newCgroups(t, func(kind string, options []string) bool { return kind == "cgroup" && slices.Contains(options, "pids") })
	if err != nil {
		t.Logf("on this host: no cgroup v1 (%v)", err)
		return
	}
	port := number(24851)
	listenAs(t, port, c.in(t, "docker/"+strings.Repeat("3f4e5d6c", 8))...)
	said, _ := exec.Command(binary(t), "--kill", "--kill-listeners", "-p", port).CombinedOutput() // what it says tells
	if want := "not possible: it is the main process of container 3f4e5d6c3f4e (docker): docker stop 3f4e5d6c3f4e\n"; !strings.Contains(string(said), want) {
		t.Errorf("want %q\n%s", want, said)
	}
}

// Where cgroup v2 is not mounted, or is beside systemd's own hierarchy of v1 (hybrid), a unit is known by its processes. A socket alone,
// whose process this user may not see, tells nothing then.
func TestUnitsWithoutCgroupV2(t *testing.T) {
	for i, tt := range []struct {
		name    string
		mounted func(kind string, options []string) bool
		before  string // what is done to the mounts
	}{
		{"hybrid", func(kind string, options []string) bool {
			return kind == "cgroup" && slices.Contains(options, "name=systemd")
		}, "true"},
		{"v2 is not mounted", func(kind string, _ []string) bool { return kind == "cgroup2" }, "for m in $(awk '$3 == \"cgroup2\" { print $2 }' /proc/self/mounts); do umount -l $m; done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := newCgroups(t, tt.mounted)
			if err != nil {
				t.Logf("on this host: none (%v)", err)
				return
			}
			port := number(uint16(24861 + i))
			pid := listenAs(t, port, c.in(t, "order.service")...)
			for _, who := range []struct {
				prefix []string
				want   string
			}{
				{nil, fmt.Sprintf("  holder  service (pid %d, root, order.service), running", pid)},
				{asNobody(), "  holder  a process of user root\n"},
			} {
				a := suffer(t, 20*time.Second, inMounts(t, tt.before, slices.Concat(who.prefix, []string{binary(t), "-p", port})...)...)
				if a.status != cli.ExitUnavailable || !strings.Contains(a.text(), who.want) {
					t.Errorf("%q: status %d, want %q\n%s", who.prefix, a.status, who.want, a.text())
				}
			}
			ready := suffer(t, 20*time.Second, inMounts(t, tt.before, binary(t), "ready", "--unit", "order", "-p", port)...)
			ready.honest(t, cli.ExitOK)
		})
	}
}
