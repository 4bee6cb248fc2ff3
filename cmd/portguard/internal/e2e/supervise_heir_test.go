package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// besides are ways to start portguard: with a child from before there is a foster between it and the service.
var besides = map[string][]string{
	"alone":             nil,
	"beside a stranger": {"/bin/sh", "-c", `sleep 60 <&- >/dev/null 2>&1 & exec "$@"`, "sh"},
}

// A service that hands its listener to a successor, time and again, is one service: it serves, and its last end is the service's.
func TestSuperviseFollowsAnHeir(t *testing.T) {
	for name, before := range besides {
		for _, flags := range [][]string{nil, {"--process-group"}} {
			t.Run(name+strings.Join(flags, ""), func(t *testing.T) {
				port := freePort(t)
				line := append(append(append([]string{}, before...), binary(t), "--restart", "on-failure"), flags...)
				p := launch(t, append(line, "-p", port, "--", theActor(t), "heir", port)...)
				last := p.expect(t, "up ")
				for range 3 {
					if err := p.cmd.Process.Signal(unix.SIGHUP); err != nil {
						t.Fatal(err)
					}
					last = p.expect(t, "up ")
					want := "left its port to pid " + last + " (exe)"
					eventually(t, 10*time.Second, "the heir is followed", func() bool { return strings.Contains(p.errs.String(), want) })
				}
				if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
					t.Fatal(err)
				}
				if status := p.end(t); status != 0 {
					t.Errorf("status %d\n%s", status, p.errs.String())
				}
				if n, _ := strconv.Atoi(last); running(n) {
					t.Errorf("process %d is left", n)
				}
			})
		}
	}
}

// A container's root has no CAP_SYS_PTRACE, and does not see what a service has that has become another user.
func TestSuperviseFollowsAnHeirUnseen(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "setpriv", "util-linux")
	port := freePort(t)
	p := launch(t, "setpriv", "--bounding-set", "-sys_ptrace,-dac_read_search", "--inh-caps", "-sys_ptrace", binary(t), "--restart", "on-failure", "-p", port, "--",
		"setpriv", "--reuid", "65534", "--clear-groups", theActor(t), "heir", port)
	p.expect(t, "up ")
	if err := p.cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	heir := p.expect(t, "up ")
	eventually(t, 10*time.Second, "the heir is followed", func() bool { return strings.Contains(p.errs.String(), "left its port to pid "+heir) })
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := p.end(t); status != 0 {
		t.Errorf("status %d\n%s", status, p.errs.String())
	}
}

// When a successor crashes, the service has, and is started again.
func TestSuperviseRestartsAnHeir(t *testing.T) {
	port := freePort(t)
	p := launch(t, binary(t), "--restart", "on-failure", "--restart-delay", "10ms", "-p", port, "--", theActor(t), "heir", port)
	p.expect(t, "up ")
	if err := p.cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	heir, err := strconv.Atoi(p.expect(t, "up "))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "it is followed", func() bool { return strings.Contains(p.errs.String(), "from now on") })
	if err := unix.Kill(heir, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "up ")
	if said := p.errs.String(); !strings.Contains(said, "ended by SIGKILL") {
		t.Errorf("it says\n%s", said)
	}
}

// A command that puts itself into the background is followed when it has the port, if need be a moment later; if not it is
// named, and ended as what any service leaves.
func TestSuperviseBackground(t *testing.T) {
	for name, before := range besides {
		t.Run(name, func(t *testing.T) {
			port := freePort(t)
			line := append(append([]string{}, before...), binary(t), "--restart", "on-failure", "--stop-timeout", "5s", "-p", port, "--", theActor(t), "background")
			p := launch(t, append(line, "listen", ":"+port, "300ms")...)
			p.expect(t, "up")
			eventually(t, 10*time.Second, "it is followed", func() bool { return strings.Contains(p.errs.String(), "from now on") })
			if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if status := p.end(t); status != 143 {
				t.Errorf("status %d\n%s", status, p.errs.String())
			}

			p = launch(t, append(line, "linger")...)
			if status := p.end(t); status != 0 || !strings.Contains(p.errs.String(), "a command that puts itself into the background is not for --restart") ||
				!strings.Contains(p.errs.String(), "(exe) behind") {
				t.Errorf("status %d\n%s", status, p.errs.String())
			}
		})
	}
}

// One that goes into the background twice, as daemons do, is gone in the middle while it is looked for: that is no reason to end it without a word.
func TestSuperviseBackgroundTwice(t *testing.T) {
	for name, before := range besides {
		for i := range 3 {
			t.Run(name+number(uint16(i)), func(t *testing.T) {
				t.Parallel()
				line := append(append([]string{}, before...), binary(t), "--restart", "on-failure", "-p", freePort(t), "--")
				p := launch(t, append(line, "sh", "-c", "(sleep 60 >/dev/null 2>&1 &) &")...)
				if status := p.end(t); status != 0 || !strings.Contains(p.errs.String(), "(sleep) behind") {
					t.Errorf("status %d\n%s", status, p.errs.String())
				}
			})
		}
	}
}

// nginx goes into the background, and replaces itself at SIGUSR2, as its manual has it: the new one is started beside the old
// one, which is then told to end.
func TestSuperviseNginxUpgrade(t *testing.T) {
	path := needs.Program(t, "nginx", "nginx-light")
	port := freePort(t)
	command := nginx(t, port)
	command[0] = path // it executes that once more, without looking for it
	config := filepath.Join(command[2], "nginx.conf")
	text := strings.Replace(readFile(t, config), "daemon off; master_process off;", "worker_processes 1;", 1)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := launch(t, append([]string{binary(t), "--restart", "on-failure", "-p", port, "--"}, command...)...)
	followed := func(times int) {
		t.Helper()
		eventually(t, 20*time.Second, "the one that has the port is followed", func() bool { return strings.Count(p.errs.String(), "(nginx), which is the command") == times })
		askHTTP(t, port, 3)
	}
	followed(1)
	old, err := strconv.Atoi(strings.TrimSpace(readFile(t, filepath.Join(command[2], "nginx.pid"))))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(unix.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "there are two", func() bool {
		_, err := os.Stat(filepath.Join(command[2], "nginx.pid.oldbin"))
		now, _ := os.ReadFile(filepath.Join(command[2], "nginx.pid"))
		return err == nil && len(now) > 0
	})
	if err := unix.Kill(old, unix.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	followed(2)
	if err := p.cmd.Process.Signal(unix.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if status := p.end(t); status != 0 {
		t.Errorf("status %d\n%s", status, p.errs.String())
	}
}
