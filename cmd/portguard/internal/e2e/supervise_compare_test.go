package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
	"portguard/netdiag/owner"
)

// contender is an init for containers, and how it is started before a command: not as pid 1, and as pid 1.
type contender struct {
	name   string
	before []string // when it is not pid 1
	first  []string // when it is
	// listener is a service that says what signals it gets.
	listener string
}

func contenders(t *testing.T) []contender {
	t.Helper()
	needs.Program(t, "tini", "tini")
	needs.Program(t, "dumb-init", "dumb-init")
	guard := portguardInit(t, "26001")
	return []contender{
		{"tini", []string{tool(t, "tini"), "-s", "--"}, []string{tool(t, "tini"), "--"}, guard.listener},
		{"dumb-init", []string{tool(t, "dumb-init"), "--"}, []string{tool(t, "dumb-init"), "--"}, guard.listener},
		guard,
	}
}

// portguardInit has a port for each test, as they run beside each other.
func portguardInit(t *testing.T, port string) contender {
	t.Helper()
	needs.Program(t, "unshare", "util-linux")
	guard := []string{binary(t), "--restart", "no", "--stop-timeout", "2s", "--hold", "none", "-q", "-p", port, "--"}
	return contender{"portguard", guard, guard, theListener(t)}
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
		{"of 100 real-time signals with values, sent at once", queuedSignals},
		{"pid 1: SIGTERM reaches the service", func(t *testing.T, c contender) string {
			p := c.asFirst(t, c.listener)
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
		{"pid 1: orphans are reaped", func(t *testing.T, c contender) string { return orphans(t, c.asFirst(t, theActor(t), "orphan")) }},
		{"not pid 1: orphans are taken and reaped", func(t *testing.T, c contender) string { return orphans(t, c.start(t, theActor(t), "orphan")) }},
		{"not pid 1: what the service leaves behind", leftBehind},
		{"a service that ignores SIGTERM", stubborn},
		{"a second SIGTERM, a second later, kills it", func(t *testing.T, c contender) string { return stubbornTwice(t, c, 1500*time.Millisecond) }},
		{"SIGTERM twice at once kills it", func(t *testing.T, c contender) string { return stubbornTwice(t, c, 10*time.Millisecond) }},
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
	t.Parallel() // most of it is waiting
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
	documented(t, "inits", b.String())
}

// With a child that was there before, portguard's service has another parent. Nobody can tell.
func TestInitsBesideStrangers(t *testing.T) {
	t.Parallel()
	nstest.Root(t)
	plain := portguardInit(t, "26002")
	beside := plain
	beside.before = slices.Concat([]string{"/bin/sh", "-c", `sleep 20 <&- >/dev/null 2>&1 & exec "$@"`, "sh"}, plain.before)
	for _, trait := range traits() {
		if want, got := trait.measure(t, plain), trait.measure(t, beside); got != want {
			t.Errorf("%s: %s, and %s beside a stranger", trait.name, want, got)
		}
	}
}

func (c contender) start(t *testing.T, command ...string) *actor {
	t.Helper()
	return launch(t, slices.Concat(c.before, command)...)
}

// asFirst starts it as pid 1 of a namespace; the process returned is the one outside.
func (c contender) asFirst(t *testing.T, command ...string) *actor {
	t.Helper()
	unshare := []string{tool(t, "unshare"), "--pid", "--fork", "--mount-proc", "--kill-child"}
	return launch(t, slices.Concat(unshare, c.first, command)...)
}

func (c contender) status(t *testing.T, args ...string) string {
	t.Helper()
	return strconv.Itoa(c.start(t, slices.Concat([]string{theActor(t)}, args)...).end(t))
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
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
	p := c.start(t, theActor(t), "leave")
	pid, err := strconv.Atoi(p.expect(t, "left "))
	if err != nil {
		t.Fatal(err)
	}
	p.endWithin(t, 3*time.Second)
	// One that is dead and not yet reaped belongs to whoever is pid 1 here, as its foster parent has ended.
	if left, err := (owner.Scanner{}).Stat(pid); err != nil || left.Zombie() {
		return "ends with it"
	}
	_ = unix.Kill(pid, unix.SIGKILL) // ours, and just seen alive
	return "stays"
}

func stubborn(t *testing.T, c contender) string {
	t.Helper()
	p := c.start(t, theActor(t), "stubborn")
	p.expect(t, "ready")
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	if !p.endWithin(t, 4*time.Second) {
		p.killAll(t)
		return "waits for ever"
	}
	return fmt.Sprintf("is killed after `--stop-timeout`, %d", p.end(t))
}

func stubbornTwice(t *testing.T, c contender, later time.Duration) string {
	t.Helper()
	p := c.start(t, theActor(t), "stubborn")
	p.expect(t, "ready")
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	time.Sleep(later)
	_ = p.cmd.Process.Signal(unix.SIGTERM)
	if !p.endWithin(t, 500*time.Millisecond) {
		p.killAll(t)
		return "no"
	}
	return "yes"
}
