package main

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// TestSuperviseInAStorm: a service crashes again and again on a host where the kernel gives its port to others all the time.
// A shell loop loses it; a supervised service finds it free at each start.
func TestSuperviseInAStorm(t *testing.T) {
	const low, high, port = 29000, 29015, 29006
	restarts := many(15, 300)
	for _, c := range []struct {
		name  string
		loses bool
	}{{"a shell loop", true}, {"portguard --restart", false}} {
		t.Run(c.name, func(t *testing.T) {
			l := newLadder(t)
			nstest.SetRange(t, low, high)
			service := []string{theActor(t), "crash", strconv.Itoa(port)}
			var argv []string
			if c.loses {
				argv = append([]string{"sh", "-c", `n=$1; shift; while [ $n -ge 0 ]; do "$@"; n=$((n-1)); sleep 0.05; done`, "sh", strconv.Itoa(restarts)}, service...)
			} else {
				argv = append([]string{l.portguard, "--restart", "on-failure", "--restart-limit", strconv.Itoa(restarts) + "/1h",
					"--restart-delay", "0s", "--share", "--close", "-p", strconv.Itoa(port), "--"}, service...)
			}
			l.storm(t, 20)
			p := launch(t, argv...)
			lost := 0
			for line := range p.lines {
				if strings.HasPrefix(line, "lost") {
					lost++
				}
			}
			status := p.end(t)
			t.Logf("%d of %d starts found the port taken", lost, restarts+1)
			if (lost > 0) != c.loses {
				t.Errorf("the port was lost %d times\n%s", lost, p.errs.String())
			}
			if !c.loses && (status != 1 || strings.Count(p.errs.String(), "next start") != restarts) {
				t.Errorf("status %d, want 1 after %d restarts\n%s", status, restarts, p.errs.String())
			}
		})
	}
}

// TestSuperviseDoesNotLeak: what portguard has after the first restarts is what it has after many.
func TestSuperviseDoesNotLeak(t *testing.T) {
	restarts := many(60, 1000)
	p := launch(t, binary(t), "--restart", "always", "--restart-delay", "0s", "--restart-limit", "none", "-p", "26100", "--",
		"sh", "-c", "echo started; (sleep 0 &)")
	wait := func(n int) (fds, rss int) {
		for range n {
			p.expect(t, "started")
		}
		return len(list(t, "/proc/"+strconv.Itoa(p.pid())+"/fd/*")), rssOf(t, p.pid())
	}
	fds0, rss0 := wait(restarts / 3)
	fds, rss := wait(restarts)
	t.Logf("%d restarts: %d fds, then %d; RSS %d kB, then %d", restarts, fds0, fds, rss0, rss)
	if fds != fds0 {
		t.Errorf("%d fds, then %d", fds0, fds)
	}
	if rss > rss0+rss0/10 {
		t.Errorf("RSS %d kB, then %d", rss0, rss)
	}
	if n := len(childrenOf(t, p.pid())); n > 2 {
		t.Errorf("%d children", n)
	}
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !p.endWithin(t, 5*time.Second) {
		t.Error("SIGTERM does not end it")
	}
}

func rssOf(t *testing.T, pid int) int {
	t.Helper()
	_, text, _ := strings.Cut(readFile(t, "/proc/"+strconv.Itoa(pid)+"/status"), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(text)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb
}

// TestSuperviseHoldsThePlaceholder: between two runs the port is held, and the service itself has no descriptor of ours.
func TestSuperviseHoldsThePlaceholder(t *testing.T) {
	p := launch(t, binary(t), "--restart", "always", "--restart-delay", "1h", "--reuseaddr", "yes", "-p", "26101", "--",
		"sh", "-c", "ls /proc/self/fd | wc -l; echo done")
	direct := launch(t, "sh", "-c", "ls /proc/self/fd | wc -l")
	if n, want := p.expect(t, ""), direct.expect(t, ""); n != want {
		t.Errorf("the service has %s descriptors, and %s without portguard", n, want)
	}
	p.expect(t, "done")
	eventually(t, 5*time.Second, "it waits for the next start", func() bool { return strings.Contains(p.errs.String(), "next start in 1h0m") })
	out, err := exec.Command(binary(t), "-p", "26101", "--reuseaddr", "no").CombinedOutput()
	if err == nil {
		t.Errorf("the port is not held\n%s", out)
	}
	if err := unix.Kill(p.pid(), unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := p.end(t); status != 0 {
		t.Errorf("status %d, want that of the last run", status)
	}
}
