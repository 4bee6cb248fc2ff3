package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// supervised runs a command line of portguard to its end.
func supervised(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	p := launch(t, append([]string{binary(t)}, args...)...)
	status = p.end(t)
	return status, p.errs.String()
}

func TestSuperviseEnds(t *testing.T) {
	actor := theActor(t)
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		starts int // that are announced
		says   string
	}{
		{"no", []string{"--restart", "no", "-p", "26201", "--", actor, "exit", "3"}, 3, 0, "ended with status 3"},
		{"on-failure, status 0", []string{"--restart", "on-failure", "-p", "26202", "--", actor, "exit", "0"}, 0, 0, ""},
		{"the limit", []string{"--restart", "on-failure", "--restart-delay", "10ms", "--restart-limit", "2/1m", "-p", "26203", "--", actor, "die", "9"},
			137, 2, "it was restarted 2 times within 60s"},
		{"a limit of one", []string{"--restart", "on-failure", "--restart-delay", "10ms", "--restart-limit", "1/1m", "-p", "26209", "--", actor, "die", "9"},
			137, 1, "it was restarted once within 60s"},
		{"does not listen", []string{"--restart", "no", "--ready-timeout", "300ms", "-p", "26204", "--", actor, "linger"},
			143, 0, "does not listen on 26204/tcp after 300ms"},
		{"does not listen, and does not end", []string{"--restart", "no", "--ready-timeout", "300ms", "--stop-timeout", "200ms", "-p", "26205", "--", actor, "stubborn"},
			137, 0, "has not ended within 200ms: SIGKILL"},
		{"listens on another port", []string{"--restart", "no", "--ready-timeout", "500ms", "-p", "26206", "--", actor, "listen", ":26207"},
			143, 0, "does not listen on 26206/tcp"},
		{"cannot be executed", []string{"--restart", "always", "-p", "26208", "--", "/nonexistent"}, 127, 0, "not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, said := supervised(t, tt.args...)
			if status != tt.status || strings.Count(said, "next start") != tt.starts || !strings.Contains(said, tt.says) || tt.says == "" && said != "" {
				t.Errorf("status %d, want %d; it should announce %d starts and say %q:\n%s", status, tt.status, tt.starts, tt.says, said)
			}
		})
	}
}

func TestSuperviseSaysWhenItListens(t *testing.T) {
	p := launch(t, binary(t), "--restart", "no", "--ready-timeout", "20s", "-p", "26210", "--", theActor(t), "listen", ":26210", "300ms")
	p.expect(t, "up")
	eventually(t, 10*time.Second, "it is seen to listen", func() bool { return strings.Contains(p.errs.String(), "listening after ") })
	p.stop(t, unix.SIGTERM)
	if diff := cmp.Diff(1, strings.Count(p.errs.String(), "\n")); diff != "" {
		t.Errorf("lines (-want +got)\n%s%s", diff, p.errs.String())
	}
}

// Somebody else's listener is not the service's.
func TestSuperviseSeesWhoListens(t *testing.T) {
	other := launch(t, theActor(t), "listen", "127.0.0.2:26211")
	other.expect(t, "up")
	status, said := supervised(t, "--restart", "no", "--hold", "none", "--ready-timeout", "500ms", "-p", "127.0.0.1:26211", "--", theActor(t), "linger")
	if status != 143 || !strings.Contains(said, "does not listen on 127.0.0.1:26211/tcp") {
		t.Errorf("status %d\n%s", status, said)
	}
}

// A port that nobody frees is a failed start, and the last status is that of portguard without --restart.
func TestSupervisePortTaken(t *testing.T) {
	h := holders.New(t).Hold(t, 26220, pooled(loopback4))
	keeper := keep(t, h, "keeper")
	status, said := supervised(t, "--restart", "on-failure", "--restart-delay", "10ms", "--restart-limit", "2/1m", "-p", "26220", "--", "true")
	whole, rest, _ := strings.Cut(said, "portguard: the command was not started; next start in 10ms\n")
	if status != cli.ExitUnavailable || !strings.HasPrefix(whole, "26220/tcp is taken") {
		t.Errorf("status %d, keeper %d\n%s", status, keeper.pid(), said)
	}
	line := fmt.Sprintf(`portguard: the command was not started: 26220/tcp: keeper \(pid %d[^)]*\) has it -> 127\.0\.0\.1:\d+; `, keeper.pid())
	if again := regexp.MustCompile("^" + line + `next start in 20ms\n` + line + `it was restarted 2 times within 60s, and is not again \(--restart-limit\)\n$`); !again.MatchString(rest) {
		t.Errorf("what is told again\n%s", rest)
	}
}

// The holder is named next to the status of a service that died of it: here it takes the port itself, after portguard's look.
func TestSuperviseNamesTheHolder(t *testing.T) {
	other := launch(t, theActor(t), "listen", "127.0.0.1:26221", "400ms")
	p := launch(t, binary(t), "--restart", "no", "--hold", "none", "-p", "26221", "--", "sh", "-c", "echo go; sleep 1; exit 98")
	p.expect(t, "go")
	other.expect(t, "up")
	if status := p.end(t); status != 98 || !strings.Contains(p.errs.String(), "ended with status 98 after") || !strings.Contains(p.errs.String(), "26221/tcp: actor (pid ") {
		t.Errorf("status %d\n%s", status, p.errs.String())
	}
}

// Children that portguard had before it was portguard are reaped like any, also while the ladder runs, which may take long.
func TestSuperviseReapsWhileItWaits(t *testing.T) {
	h := holders.New(t).Hold(t, 26222, pooled(loopback4))
	keep(t, h, "keeper")
	p := launch(t, "sh", "-c", `sleep 0.3 & exec "$@"`, "sh", binary(t), "--restart", "no", "--wait", "1m", "-p", "26222", "--", "true")
	eventually(t, 10*time.Second, "it waits for the port", func() bool { return strings.Contains(p.errs.String(), "waiting") })
	eventually(t, 5*time.Second, "the child is reaped", func() bool { return len(childrenOf(t, p.pid())) == 0 })
	if !p.running() {
		t.Error("it did not wait")
	}
}

// SIGKILL leaves portguard no time to end the service, which goes on serving. The next portguard says who has the port.
func TestSuperviseKilled(t *testing.T) {
	p := launch(t, binary(t), "--restart", "no", "--ready-timeout", "20s", "-p", "26223", "--", theActor(t), "listen", ":26223")
	p.expect(t, "up")
	service := childOf(t, p.pid())
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "portguard ends", func() bool { return !p.running() })
	out, err := exec.Command(binary(t), "-p", "26223").CombinedOutput()
	if want := fmt.Sprintf("actor (pid %d", service); err == nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, and it should name %s\n%s", err, want, out)
	}
	if conn, err := net.Dial("tcp", "127.0.0.1:26223"); err != nil {
		t.Errorf("the service does not serve: %v", err)
	} else {
		conn.Close()
	}
	p.leave(t)
	eventually(t, 5*time.Second, "the service ends with the test's end of its stdin", func() bool { return !running(service) })
}

// The service is given what portguard was given, as without --restart.
func TestSuperviseIsTransparent(t *testing.T) {
	requireEntry(t)
	for _, settings := range [][]string{
		set("ignore=0xffffffffffffffff"), set("block=0xffffffffffffffff"), set("nofile=64:4096"), set("close=0"), set("close=0", "close=1", "close=2"),
		env("B=1", "A=", "B=2", "plain", "", "=x", "B=1"),
		env("B=1", "LISTEN_PID=$PID", "LISTEN_FDS=1", "", "LISTEN_PID=1", "A=", "WATCHDOG_PID=$PID", "LISTEN_PID=$PID", "WATCHDOG_USEC=9"),
		set("umask=0027", "nice=7", "oom_score_adj=500", "timerslack=70000"),
	} {
		t.Run(strings.Join(settings, " "), func(t *testing.T) {
			direct := start{settings: settings}.observe(t, false)
			got := start{
				settings: settings, child: true,
				via: []string{binary(t), "--restart", "no", "-q", "-p", freePort(t), "--"},
			}.observe(t, false)
			for _, key := range []string{"status SigIgn", "status SigBlk", "status SigCgt", "status Umask", "limit Max open files", "environ",
				"stat nice", "oom_score_adj", "timerslack_ns", "fd 0", "fd 1", "fd 2", "status CapEff", "cmdline", "comm"} {
				if direct[key] != got[key] {
					t.Errorf("%s is %q, without portguard %q", key, got[key], direct[key])
				}
			}
			for key := range got {
				if _, had := direct[key]; strings.HasPrefix(key, "fd ") && !had {
					t.Errorf("the service has %s (%s)", key, got[key])
				}
			}
		})
	}
}

// Ctrl-C goes to the service alone, which has the terminal. It is meant for both.
func TestSuperviseCtrlC(t *testing.T) {
	c := contender{before: []string{binary(t), "--restart", "always", "-p", freePort(t), "--"}}
	if got := onJobTerminal(t, c, []string{"linger"}, "\x03").job(); got != "130" {
		t.Errorf("the job: %s", got)
	}
}

// A service that goes on with one family, since somebody has its port in the other by then, is not ready: the half that it is deaf in is
// named, and who has it.
func TestSuperviseSeesAHalf(t *testing.T) {
	taken, actor := filepath.Join(t.TempDir(), "taken"), theActor(t) // which is not to be built while the time runs
	p := launch(t, binary(t), "--restart", "no", "--hold", "none", "--ready-timeout", "3s", "-p", "26231", "--",
		"sh", "-c", "echo go; while ! test -e "+taken+"; do sleep 0.05; done; exec "+builds.build(t, "./testdata/unit/pair")+" 26231")
	p.expect(t, "go")
	other := launch(t, actor, "listen", "127.0.0.1:26231")
	other.expect(t, "up")
	if err := os.WriteFile(taken, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if status, said := p.end(t), p.errs.String(); status != 143 ||
		!strings.Contains(said, "does not listen on 0.0.0.0:26231/tcp after 3s, and is stopped; 0.0.0.0:26231/tcp: actor (pid ") {
		t.Errorf("status %d\n%s", status, said)
	}
}

// A service that has become another user is seen to listen, though nobody may look into its descriptors.
func TestSuperviseSeesAnotherUserListen(t *testing.T) {
	nstest.Root(t)
	needs.Program(t, "setpriv", "util-linux")
	p := launch(t, "setpriv", "--bounding-set", "-sys_ptrace,-dac_read_search", "--inh-caps", "-sys_ptrace", binary(t), "--restart", "no", "--ready-timeout", "20s",
		"-p", "26241", "--", "setpriv", "--reuid", "65534", "--clear-groups", theActor(t), "listen", ":26241", "300ms")
	p.expect(t, "up")
	eventually(t, 10*time.Second, "it is seen to listen", func() bool { return strings.Contains(p.errs.String(), "listening after ") })
	p.stop(t, unix.SIGTERM)
}
