package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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
	t.Run("refused", func(t *testing.T) {
		for _, tt := range []struct {
			args []string
			want string
		}{
			{[]string{"--netns", pid, "-p", number(port), "--", "true"}, "hint: nsenter --net=/proc/" + pid + "/ns/net portguard -p 24817 -- true\n"},
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
		user := exec.Command("setpriv", "--reuid", "65534", "--clear-groups", binary(t), "--netns", pid, "-p", number(port))
		said, _ := user.CombinedOutput()
		if user.ProcessState.ExitCode() != cli.ExitNoPerm || !strings.Contains(string(said), "that takes root") {
			t.Errorf("an ordinary user: %s\n%s", user.ProcessState, said)
		}
	})
}
