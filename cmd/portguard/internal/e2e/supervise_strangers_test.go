package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// What is not the service's outlives it: the daemon of a helper that an entrypoint has started before, and a job of `docker exec`,
// which both become children of pid 1. What the service leaves behind does not.
func TestSuperviseSparesStrangers(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "unshare", "util-linux")
	needs.Program(t, "nsenter", "util-linux")
	supervised := []string{binary(t), "--restart", "always", "--restart-delay", "10ms", "--restart-limit", "none", "--stop-timeout", "5s",
		"-p", freePort(t), "--", "/bin/sh", "-c", "setsid sleep 303 <&- >/dev/null 2>&1 & sleep 0.3; echo run; exit 3"}
	entrypoint := append([]string{"/bin/sh", "-c", `(sleep 0.2; setsid sleep 301 <&- >/dev/null 2>&1 &) & exec "$@"`, "sh"}, supervised...)
	for name, argv := range map[string][]string{
		"pid 1":     append([]string{"unshare", "--pid", "--fork", "--mount-proc", "--kill-child"}, entrypoint...),
		"not pid 1": entrypoint,
	} {
		t.Run(name, func(t *testing.T) {
			p := launch(t, argv...)
			p.expect(t, "run")
			portguard := p.pid()
			if name == "pid 1" {
				portguard = childOf(t, p.pid())
				job := exec.Command("nsenter", "--target", strconv.Itoa(portguard), "--pid", "--mount", "--root", "sh", "-c", "setsid sleep 302 <&- >/dev/null 2>&1 &")
				if out, err := job.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			sleeps := func() string {
				var all []string
				for _, pid := range childrenOf(t, portguard) {
					if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.HasPrefix(string(line), "sleep\x00") {
						all = append(all, strings.Split(string(line), "\x00")[1])
					}
				}
				return strings.Join(all, " ")
			}
			want := map[string]string{"pid 1": "301 302", "not pid 1": "301"}[name]
			eventually(t, 10*time.Second, "the others are there", func() bool { return sleeps() == want })
			for range 3 {
				p.expect(t, "run")
			}
			if got := sleeps(); got != want {
				t.Errorf("%q live on after three restarts, want %q", got, want)
			}
			if n := len(sleepers(t, "303")); n > 2 { // this run's, and the last one's on its way
				t.Errorf("%d processes are left that the service has left", n)
			}
			_ = unix.Kill(portguard, unix.SIGTERM) // by SIGKILL it would leave what the last run has left
			p.end(t)
			for _, pid := range sleepers(t, "301") {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		})
	}
}

// sleepers are the processes that sleep so long.
func sleepers(t *testing.T, long string) (pids []int) {
	t.Helper()
	for _, name := range list(t, "/proc/[0-9]*/cmdline") {
		if line, err := os.ReadFile(name); err == nil && string(line) == "sleep\x00"+long+"\x00" {
			pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// If the process between portguard and the service is killed, the service goes on, and its end is seen.
func TestSuperviseFosterKilled(t *testing.T) {
	argv := append(append([]string{}, besides["beside a stranger"]...), binary(t), "--restart", "no", "-q", "-p", freePort(t), "--", theActor(t), "obey", "10=7")
	p := launch(t, argv...)
	p.expect(t, "up")
	var foster int
	for _, pid := range childrenOf(t, p.pid()) {
		if strings.Contains(readFile(t, fmt.Sprintf("/proc/%d/cmdline", pid)), "\x00foster\x00") {
			foster = pid
		}
	}
	if foster == 0 {
		t.Fatal("there is none")
	}
	service := childOf(t, foster)
	if err := unix.Kill(foster, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it is gone", func() bool { return !running(foster) })
	if err := unix.Kill(service, 0); err != nil {
		t.Fatalf("the service: %v", err)
	}
	if err := p.cmd.Process.Signal(unix.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if status := p.end(t); status != 7 {
		t.Errorf("status %d\n%s", status, p.errs.String())
	}
}

// What portguard may not end does not keep the service down: it is told of once, and the next run begins beside it.
func TestSuperviseGoesOnBesideWhatItMayNotEnd(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "setpriv", "util-linux")
	t.Setenv("LEFT", t.TempDir()+"/left")
	t.Cleanup(func() {
		for _, pid := range sleepers(t, "304") {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	})
	p := launch(t, "setpriv", "--bounding-set=-kill", binary(t), "--restart", "always", "--restart-delay", "10ms", "--ready-timeout", "0s",
		"-p", freePort(t), "--", "/bin/sh", "-c", "[ -e $LEFT ] || { : >$LEFT; setpriv --reuid=65534 --clear-groups sleep 304 <&- >/dev/null 2>&1 & sleep 0.3; }; "+
			"echo run; exit 3")
	for range 3 {
		p.expect(t, "run")
	}
	p.stop(t, unix.SIGTERM)
	if n := strings.Count(p.errs.String(), "(sleep) behind, which goes on: this user may not signal it (CAP_KILL)"); n != 1 {
		t.Errorf("said %d times that it goes on\n%s", n, p.errs.String())
	}
}
