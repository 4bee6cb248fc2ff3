package e2e

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSuperviseInAStorm: a service crashes again and again on a host where the kernel gives its port to others all the time.
// A shell loop loses it; a supervised service finds it free at each start.
func TestSuperviseInAStorm(t *testing.T) {
	const low, high, port = 29000, 29015, 29006
	restarts := many(15, 300)
	var table strings.Builder
	fmt.Fprintf(&table, "| %d restarts in a storm | starts that found the port taken | connections in the storm |\n|---|---|---|\n", restarts)
	for _, c := range []struct {
		name  string
		loses bool
	}{{"a shell loop", true}, {"portguard --restart", false}} {
		t.Run(c.name, func(t *testing.T) {
			l := newLadder(t)
			setRange(t, low, high)
			service := []string{theActor(t), "crash", strconv.Itoa(port)}
			var argv []string
			if c.loses {
				argv = append([]string{"sh", "-c", `n=$1; shift; while [ $n -ge 0 ]; do "$@"; n=$((n-1)); sleep 0.05; done`, "sh", strconv.Itoa(restarts)}, service...)
			} else {
				argv = append([]string{l.portguard, "--restart", "on-failure", "--restart-limit", strconv.Itoa(restarts) + "/1h",
					"--restart-delay", "0s", "--share", "--close", "-p", strconv.Itoa(port), "--"}, service...)
			}
			stop := l.storm(t, 20)
			p := launch(t, argv...)
			lost := 0
			for line := range p.lines {
				if strings.HasPrefix(line, "lost") {
					lost++
				}
			}
			status := p.end(t)
			made, _ := stop()
			t.Logf("%d of %d starts found the port taken", lost, restarts+1)
			fmt.Fprintf(&table, "| %s | %d of %d | %d |\n", c.name, lost, restarts+1, made)
			if (lost > 0) != c.loses {
				t.Errorf("the port was lost %d times\n%s", lost, p.errs.String())
			}
			if !c.loses && (status != 1 || strings.Count(p.errs.String(), "next start") != restarts) {
				t.Errorf("status %d, want 1 after %d restarts\n%s", status, restarts, p.errs.String())
			}
		})
	}
	if *ladderLong {
		record(t, "storm", table.String())
	}
}

// TestSuperviseDoesNotLeak: what portguard has after the first restarts is what it has after many.
// The service stays until it is told to end: two looks at a supervisor compare only while it does the same.
func TestSuperviseDoesNotLeak(t *testing.T) {
	restarts := many(60, 1000)
	p := launch(t, binary(t), "--restart", "always", "--restart-delay", "0s", "--restart-limit", "none", "-p", "26100", "--",
		"sh", "-c", `echo started; read last; eval "$last"`)
	before, after := restarts/3, restarts+restarts/3
	again := func(last string) {
		t.Helper()
		if _, err := fmt.Fprintln(p.stdin, last); err != nil {
			t.Fatal(err)
		}
		p.expect(t, "started")
	}
	has := func(n int) usage {
		for range n {
			again("(sleep 0 &)")
		}
		return p.uses(t)
	}
	p.expect(t, "started")
	again("sleep 0.2 &") // whether that has the port is asked on a socket that stays open
	first := has(before)
	last := has(restarts)
	said := "| portguard has | fds | children | resident memory |\n|---|---|---|---|\n" + first.row(before) + last.row(after)
	t.Log(said)
	if *ladderLong {
		record(t, "leak", said)
	}
	const some = 2 // the service, and what it leaves behind
	if last.fds > first.fds || last.children > some || last.rss > first.rss+first.rss/10 {
		t.Errorf("it leaks\n%s", said)
	}
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !p.endWithin(t, 5*time.Second) {
		t.Error("SIGTERM does not end it")
	}
}

// usage is what a process has.
type usage struct{ fds, children, rss int }

// uses is the least of several looks: at any moment a process may be in the middle of something.
func (p *actor) uses(t *testing.T) (least usage) {
	t.Helper()
	for look := range 30 {
		_, text, _ := strings.Cut(readFile(t, fmt.Sprintf("/proc/%d/status", p.pid())), "VmRSS:")
		kb, err := strconv.Atoi(strings.Fields(text)[0])
		if err != nil {
			t.Fatal(err)
		}
		now := usage{len(list(t, fmt.Sprintf("/proc/%d/fd/*", p.pid()))), len(childrenOf(t, p.pid())), kb}
		if look == 0 {
			least = now
		}
		least = usage{min(least.fds, now.fds), min(least.children, now.children), min(least.rss, now.rss)}
		time.Sleep(3 * time.Millisecond)
	}
	return least
}

func (u usage) row(restarts int) string {
	return fmt.Sprintf("| after %d restarts | %d | %d | %d kB |\n", restarts, u.fds, u.children, u.rss)
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
