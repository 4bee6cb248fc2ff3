package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// contender is an init for containers, and how it is started before a command: not as pid 1, and as pid 1.
type contender struct {
	name   string
	before []string // when it is not pid 1
	first  []string // when it is
}

func contenders(t *testing.T) []contender {
	t.Helper()
	needsCommand(t, "tini", "tini")
	needsCommand(t, "dumb-init", "dumb-init")
	needsCommand(t, "unshare", "util-linux")
	guard := []string{binary(t), "--restart", "no", "--stop-timeout", "1s", "--hold", "none", "-q", "-p", "26001", "--"}
	return []contender{
		{"tini", []string{tool(t, "tini"), "-s", "--"}, []string{tool(t, "tini"), "--"}},
		{"dumb-init", []string{tool(t, "dumb-init"), "--"}, []string{tool(t, "dumb-init"), "--"}},
		{"portguard", guard, guard},
	}
}

// trait is something that an init does or does not do.
type trait struct {
	name    string
	measure func(*testing.T, contender) string
}

func traits() []trait {
	return []trait{
		{"exit status of a service that exits with 3", func(t *testing.T, c contender) string { return c.status(t, "exit", "3") }},
		{"of one that dies of SIGKILL", func(t *testing.T, c contender) string { return c.status(t, "die", "9") }},
		{"of one that dies of SIGTERM", func(t *testing.T, c contender) string { return c.status(t, "die", "15") }},
		{"signals that do not reach the service", lostSignals},
		{"pid 1: SIGTERM reaches the service", func(t *testing.T, c contender) string {
			p := c.asFirst(t, "signals")
			p.expect(t, "ready")
			child := childOf(t, p.pid())
			if err := unix.Kill(child, unix.SIGTERM); err != nil {
				t.Error(err)
			}
			heard := p.hears(time.Second, "got 15")
			_ = unix.Kill(child, unix.SIGKILL) // pid 1: its namespace ends with it
			p.end(t)
			return yes(heard)
		}},
		{"pid 1: orphans are reaped", func(t *testing.T, c contender) string { return orphans(t, c.asFirst(t, "orphan")) }},
		{"not pid 1: orphans are taken and reaped", func(t *testing.T, c contender) string { return orphans(t, c.start(t, "orphan")) }},
		{"not pid 1: what the service leaves behind", leftBehind},
		{"a service that ignores SIGTERM", stubborn},
		{"a second SIGTERM kills it", stubbornTwice},
		{"terminal: the service is in the foreground", func(t *testing.T, c contender) string {
			return onJobTerminal(t, c, []string{"foreground"}, "").after("foreground ")
		}},
		{"terminal: Ctrl-C", func(t *testing.T, c contender) string {
			return onJobTerminal(t, c, []string{"linger"}, "\x03").job()
		}},
		{"terminal: Ctrl-Z, then fg, then Ctrl-C", func(t *testing.T, c contender) string {
			return onJobTerminal(t, c, []string{"linger"}, "\x1a", "\x03").job()
		}},
	}
}

// TestInits measures what each of them does. docs/supervise.md has the same table.
func TestInits(t *testing.T) {
	nstest.Root(t)
	all := contenders(t)
	var b strings.Builder
	b.WriteString("| | tini | dumb-init | portguard |\n|---|---|---|---|\n")
	for _, trait := range traits() {
		fmt.Fprintf(&b, "| %s |", trait.name)
		for _, c := range all {
			fmt.Fprintf(&b, " %s |", trait.measure(t, c))
		}
		b.WriteString("\n")
	}
	doc := readFile(t, "../../docs/supervise.md")
	_, table, _ := strings.Cut(doc, "<!-- measured: inits -->\n")
	table, _, _ = strings.Cut(table, "<!-- end -->")
	if diff := cmp.Diff(table, b.String()); diff != "" {
		t.Errorf("(-docs/supervise.md +measured)\n%s\n%s", diff, b.String())
	}
}

func (c contender) start(t *testing.T, args ...string) *actor {
	t.Helper()
	return launch(t, slices.Concat(c.before, []string{theActor(t)}, args)...)
}

// asFirst starts it as pid 1 of a namespace; the process returned is the one outside.
func (c contender) asFirst(t *testing.T, args ...string) *actor {
	t.Helper()
	unshare := []string{tool(t, "unshare"), "--pid", "--fork", "--mount-proc", "--kill-child"}
	return launch(t, slices.Concat(unshare, c.first, []string{theActor(t)}, args)...)
}

func (c contender) status(t *testing.T, args ...string) string {
	t.Helper()
	return strconv.Itoa(c.start(t, args...).end(t))
}

func theActor(t *testing.T) string {
	t.Helper()
	return builds.build(t, "./testdata/supervise/actor")
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// hears waits a while for a line.
func (p *actor) hears(limit time.Duration, want string) bool {
	timeout := time.After(limit)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok || line == want {
				return ok
			}
		case <-timeout:
			return false
		}
	}
}

// lostSignals sends every signal to the init. SIGKILL and SIGSTOP nobody can pass on.
func lostSignals(t *testing.T, c contender) string {
	t.Helper()
	var lost []string
	var p *actor
	for n := 1; n <= 64; n++ {
		sig := unix.Signal(n)
		switch sig {
		case unix.SIGKILL, unix.SIGSTOP, 32, 33, 34: // the last are the C library's or, here, the Go runtime's of the actor
			continue
		case unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGSYS:
			continue // of a program's own making
		case unix.SIGCHLD, unix.SIGURG, unix.SIGTTIN, unix.SIGTTOU, unix.SIGPROF:
			continue // of no meaning to a service that did not ask for them, or that the actor cannot tell
		}
		if p == nil {
			p = c.start(t, "signals")
			p.expect(t, "ready")
		}
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Error(err)
		}
		if !p.hears(300*time.Millisecond, "got "+strconv.Itoa(n)) {
			name := unix.SignalName(sig)
			if name == "" {
				name = strconv.Itoa(n)
			}
			lost = append(lost, name)
		} else if sig != unix.SIGINT && sig != unix.SIGTERM {
			continue
		}
		p.killAll(t) // it may be in another state
		p = nil
	}
	if p != nil {
		p.killAll(t)
	}
	if len(lost) == 0 {
		return "none"
	}
	return ranges(lost)
}

// ranges shortens 35, 36, 37 to 35-37.
func ranges(names []string) string {
	var out []string
	for i := 0; i < len(names); i++ {
		first, err := strconv.Atoi(names[i])
		last := first
		for err == nil && i+1 < len(names) && names[i+1] == strconv.Itoa(last+1) {
			last++
			i++
		}
		if last > first {
			out = append(out, fmt.Sprintf("%d-%d", first, last))
		} else {
			out = append(out, names[i])
		}
	}
	return strings.Join(out, ", ")
}

// killAll ends a program and its children.
func (p *actor) killAll(t *testing.T) {
	t.Helper()
	for _, pid := range append(childrenOf(t, p.pid()), p.pid()) {
		_ = unix.Kill(pid, unix.SIGKILL) // it may have ended
	}
	p.end(t)
}

func childrenOf(t *testing.T, pid int) (pids []int) {
	t.Helper()
	for _, name := range list(t, fmt.Sprintf("/proc/%d/task/*/children", pid)) {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, child)
		}
	}
	return pids
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	all := childrenOf(t, pid)
	if len(all) != 1 {
		t.Fatalf("%d has children %v", pid, all)
	}
	return all[0]
}

func orphans(t *testing.T, p *actor) string {
	t.Helper()
	adopted, zombies := p.expect(t, "adopted "), p.expect(t, "zombies ")
	p.end(t)
	if adopted != "true" {
		return "not taken"
	}
	return yes(zombies == "0")
}

func leftBehind(t *testing.T, c contender) string {
	t.Helper()
	p := c.start(t, "leave")
	pid, err := strconv.Atoi(p.expect(t, "left "))
	if err != nil {
		t.Fatal(err)
	}
	p.endWithin(t, 3*time.Second)
	if unix.Kill(pid, 0) != nil {
		return "ends with it"
	}
	_ = unix.Kill(pid, unix.SIGKILL) // ours, and just seen alive
	return "stays"
}

// endWithin waits for the process itself: others may have its stdout.
func (p *actor) endWithin(t *testing.T, limit time.Duration) bool {
	t.Helper()
	for deadline := time.Now().Add(limit); p.running(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func stubborn(t *testing.T, c contender) string {
	t.Helper()
	p := c.start(t, "stubborn")
	p.expect(t, "ready")
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	if !p.endWithin(t, 2500*time.Millisecond) {
		p.killAll(t)
		return "waits for ever"
	}
	return fmt.Sprintf("is killed after `--stop-timeout`, %d", p.end(t))
}

func stubbornTwice(t *testing.T, c contender) string {
	t.Helper()
	p := c.start(t, "stubborn")
	p.expect(t, "ready")
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	if !p.endWithin(t, 500*time.Millisecond) {
		p.killAll(t)
		return "no"
	}
	return "yes"
}
