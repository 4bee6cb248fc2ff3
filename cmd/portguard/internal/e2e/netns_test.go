package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/audit"
	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// A server in a network namespace of its own has the port that is free here. There is the place where it is asked about, held and
// reserved, and its process is named by the pid that it has here.
func TestNetns(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "unshare", "util-linux")
	const port = 24817 // of no other test: those of other packages have namespaces of their own as well
	there := exec.Command("unshare", "-n", "sh", "-c", `ip link set lo up; exec "$0" "$1"`, builds.build(t, "./testdata/ladder/service"), number(port))
	there.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	out, err := there.StdoutPipe()
	if err == nil {
		err = there.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Process.Kill(); _ = there.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" || err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	pid := fmt.Sprint(there.Process.Pid)
	portguard := func(status int, args ...string) string {
		t.Helper()
		cmd := exec.Command(binary(t), args...)
		said, _ := cmd.CombinedOutput() // the status tells
		if got := cmd.ProcessState.ExitCode(); got != status {
			t.Errorf("portguard %q: status %d, want %d\n%s", args, got, status, said)
		}
		return string(said)
	}
	portguard(0, "-p", number(port))
	for _, where := range []string{pid, "/proc/" + pid + "/ns/net"} {
		var doc report.JSONReport
		if err := json.Unmarshal([]byte(portguard(cli.ExitUnavailable, "--netns", where, "--json", "-p", number(port))), &doc); err != nil {
			t.Fatal(err)
		}
		e := doc.Endpoints[0]
		if len(e.Holders) != 1 || len(e.Holders[0].Processes) != 1 || e.Holders[0].Processes[0].PID != there.Process.Pid {
			t.Fatalf("%s: %+v", where, e)
		}
		for _, line := range e.Advice {
			if !strings.HasPrefix(line, "nsenter --net=/proc/"+pid+"/ns/net portguard ") {
				t.Errorf("the advice is about another namespace: %s", line)
			}
		}
	}
	portguard(cli.ExitUnavailable, "ready", "-p", number(port))
	portguard(0, "ready", "--netns", pid, "--pid", pid, "-p", number(port))
	t.Run("reserve, range, release, audit", func(t *testing.T) {
		portguard(0, "reserve", "--netns", pid, "40000-40009")
		kernelHas(t, "")
		if said := portguard(0, "reserve", "--netns", pid); said != "now     40000-40009\n" {
			t.Errorf("reserved there: %s", said)
		}
		portguard(0, "range", "--netns", pid, "33000-60999")
		if said := portguard(0, "range", "--netns", pid); !strings.HasPrefix(said, "now        33000-60999\npicks ") {
			t.Errorf("the range there: %s", said)
		}
		portguard(0, "release", "--netns", pid, "40000-40009")
		if said := portguard(0, "audit", "--netns", pid, "--sample", "10ms", number(port)); !strings.Contains(said, number(port)) {
			t.Errorf("audit: %s", said)
		}
	})
	t.Run("elsewhere", func(t *testing.T) {
		want := fmt.Sprintf("24817/tcp is taken in another network namespace: service (pid %s) has [::]:24817 there; to ask there: portguard --netns %s -p 24817/tcp", pid, pid)
		if said := portguard(0, "-v", "-p", number(port)); !strings.Contains(said, want) {
			t.Errorf("-v: want %q\n%s", want, said)
		}
		if said := portguard(0, "-p", number(port)); strings.Contains(said, "another") {
			t.Errorf("without -v: %s", said)
		}
		if said := portguard(0, "audit", "--all-netns", "--sample", "10ms", number(port)); !strings.Contains(strings.Join(strings.Fields(said), " "), "elsewhere "+want) {
			t.Errorf("audit: want %q\n%s", want, said)
		}
		var doc audit.JSON
		if err := json.Unmarshal([]byte(portguard(0, "audit", "--all-netns", "--json", "--sample", "10ms", number(port))), &doc); err != nil {
			t.Fatal(err)
		}
		if len(doc.Elsewhere) != 1 || doc.Elsewhere[0].Netns != pid || len(doc.Elsewhere[0].Processes) != 1 {
			t.Errorf("audit --json: %+v", doc.Elsewhere)
		}
	})
	t.Run("hold", func(t *testing.T) {
		holds := launch(t, binary(t), "hold", "--netns", pid, "-p", "24819")
		eventually(t, 20*time.Second, "the port is held", func() bool { return strings.Contains(holds.errs.String(), "holding 1 port") })
		portguard(0, "--no-reuseaddr", "-p", "24819")
		portguard(cli.ExitUnavailable, "--netns", pid, "--no-reuseaddr", "-p", "24819")
		holds.stop(t, unix.SIGTERM)
	})
	t.Run("elsewhere, without the right to see it", func(t *testing.T) {
		for _, args := range [][]string{{"-v", "-p", number(port)}, {"audit", "--all-netns", "--sample", "10ms", number(port)}} {
			user := exec.Command("setpriv", append([]string{"--reuid", "65534", "--clear-groups", binary(t)}, args...)...)
			said, err := user.CombinedOutput()
			if want := "there may be more network namespaces: some processes do not tell this user theirs"; err != nil || !strings.Contains(string(said), want) {
				t.Errorf("%q: %v, want %q\n%s", args, err, want, said)
			}
		}
	})
	t.Run("refused", func(t *testing.T) {
		for _, tt := range []struct {
			args []string
			want string
		}{
			{[]string{"--netns", pid, "-p", number(port), "--", "true"}, "hint: nsenter --net=/proc/" + pid + "/ns/net portguard -p 24817 -- true\n"},
			{[]string{"--netns", pid, "--restart", "always", "-p", number(port), "--", "true"}, "hint: nsenter --net=/proc/" + pid + "/ns/net portguard --restart always -p 24817 -- true\n"},
			{[]string{"hold", "--netns", pid, "-p", number(port), "--", "true"}, "hint: nsenter --net=/proc/" + pid + "/ns/net portguard -p 24817 -- true\n"},
			{[]string{"ready", "--netns", pid, "-p", number(port), "--", "true"}, "ready starts no command"},
			{[]string{"--netns", "nosuch", "-p", number(port)}, "there is no /run/netns/nosuch\n"},
			{[]string{"--netns", "", "--kill", "-p", number(port)}, "--netns \"\" is no network namespace\n"},
			{[]string{"reserve", "--netns", "", "40000"}, "--netns \"\" is no network namespace\n"},
			{[]string{"--netns", os.DevNull, "-p", number(port)}, "/dev/null is no network namespace\n"},
			{[]string{"--netns", "/proc/" + pid + "/ns/mnt", "-p", number(port)}, "is no network namespace\n"},
			{[]string{"reserve", "--persist", "--netns", pid, "40000"}, "none is about another network namespace\n"},
		} {
			if said := portguard(cli.ExitUsage, tt.args...); !strings.Contains(said, tt.want) {
				t.Errorf("%q: want %q\n%s", tt.args, tt.want, said)
			}
		}
	})
	t.Run("refused by every command", func(t *testing.T) {
		ended := exec.Command("true")
		if err := ended.Run(); err != nil {
			t.Fatal(err)
		}
		gone := fmt.Sprint(ended.Process.Pid)
		pipe := filepath.Join(t.TempDir(), "pipe") // to open it would wait for a writer
		if err := unix.Mkfifo(pipe, 0o644); err != nil {
			t.Fatal(err)
		}
		nobody := []string{"setpriv", "--reuid", "65534", "--clear-groups"}
		for _, args := range [][]string{
			{"-p", number(port)}, {"--wait", "1ms", "-p", number(port)}, {"ready", "-p", number(port)}, {"hold", "-p", number(port)}, {"audit", number(port)},
			{"reserve"}, {"reserve", "40000"}, {"release", "40000"}, {"range"}, {"range", "33000-60999"},
		} {
			for _, tt := range []struct {
				prefix []string
				netns  string
				status int
				want   string
			}{
				{nil, gone, cli.ExitUsage, "portguard: --netns " + gone + ": there is no /proc/" + gone + "/ns/net\n"},
				{nil, "nosuch", cli.ExitUsage, "portguard: --netns nosuch: there is no /run/netns/nosuch\n"},
				{nil, pipe, cli.ExitUsage, pipe + " is no network namespace\n"},
				{nil, "/proc/" + pid + "/ns/uts", cli.ExitUsage, "/proc/" + pid + "/ns/uts is no network namespace\n"},
				{nobody, pid, cli.ExitNoPerm, "permission denied: that takes root (CAP_SYS_ADMIN, and CAP_SYS_PTRACE for another user's process)\n"},
			} {
				at := 0
				if !strings.HasPrefix(args[0], "-") {
					at = 1
				}
				argv := slices.Concat(tt.prefix, []string{binary(t)}, args[:at], []string{"--netns", tt.netns}, args[at:])
				a := suffer(t, 20*time.Second, argv...)
				if a.status != tt.status || !strings.Contains(a.text(), tt.want) {
					t.Errorf("%q: status %d, want %d with %q\n%s", argv, a.status, tt.status, tt.want, a.text())
				}
			}
		}
	})
	t.Run("wait", func(t *testing.T) {
		if said := portguard(cli.ExitTempFail, "--netns", pid, "--wait", "10ms", "-p", number(port)); !strings.Contains(said, "wait    failed: still taken after") {
			t.Errorf("in vain: %s", said)
		}
		waits := launch(t, binary(t), "--netns", pid, "--wait", "60s", "-p", number(port))
		eventually(t, 20*time.Second, "it is waited for", func() bool { return strings.Contains(waits.errs.String(), "service (pid "+pid+") listens") })
		_ = there.Process.Kill()
		waits.end(t)
		if got := waits.cmd.ProcessState.ExitCode(); got != 0 {
			t.Errorf("its server has ended: status %d\n%s", got, waits.errs.String())
		}
	})
}
