package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

// A signal that would end any other program ends one that waits, by its own effect: alarm(2), for one, goes through execve. Those
// that were ignored at the start are ignored.
func TestEndedByAnySignal(t *testing.T) {
	const port = "40212"
	holders.New(t).Hold(t, 40212, pooled(loopback4))
	for _, sig := range []syscall.Signal{
		unix.SIGALRM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGVTALRM, unix.SIGPROF, unix.SIGIO, unix.SIGPWR, unix.SIGXCPU,
		unix.SIGABRT, unix.SIGTRAP, unix.SIGSTKFLT, unix.SIGSYS, 34, 35, 64,
	} {
		name := unix.SignalName(sig)
		if name == "" {
			name = strconv.Itoa(int(sig))
		}
		wait := func(t *testing.T, before string) *actor {
			p := launch(t, "bash", "-c", `ulimit -c 0; `+before+`; exec "$@"`, "bash", binary(t), "--wait", "forever", "-p", port, "--", "true")
			eventually(t, 10*time.Second, "it waits", func() bool { return strings.Contains(p.errs.String(), "waiting") })
			return p
		}
		t.Run(name, func(t *testing.T) {
			p := wait(t, "true")
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			p.end(t)
			if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != sig {
				t.Errorf("%v, want the end by %s", p.cmd.ProcessState, name)
			}
			if said := p.errs.String(); strings.Count(said, "\n") != 1 {
				t.Errorf("it says more than that it waits: %s", said)
			}
		})
		t.Run(name+" ignored", func(t *testing.T) {
			p := wait(t, "trap '' "+strconv.Itoa(int(sig)))
			if err := p.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
			if !p.running() {
				t.Fatalf("it ends: %s", p.errs.String())
			}
			p.stop(t, unix.SIGTERM)
		})
	}
}

// Who asks portguard to end is told in one line what that means, and sees it die of the signal.
func TestInterrupted(t *testing.T) {
	const port = "40211"
	portguard := binary(t)
	holders.New(t).Hold(t, 40211, pooled(loopback4))
	started := filepath.Join(t.TempDir(), "started")
	command := []string{"--", "touch", started}
	for name, tt := range map[string]struct {
		signal  syscall.Signal
		command []string
		says    string
	}{
		"SIGINT":            {syscall.SIGINT, command, "ended by SIGINT; the command was not started"},
		"SIGTERM":           {syscall.SIGTERM, command, "ended by SIGTERM; the command was not started"},
		"SIGHUP":            {syscall.SIGHUP, command, "ended by SIGHUP; the command was not started"},
		"SIGQUIT":           {syscall.SIGQUIT, command, "ended by SIGQUIT; the command was not started"},
		"without a command": {syscall.SIGTERM, nil, "ended by SIGTERM"},
	} {
		t.Run(name, func(t *testing.T) {
			p := launch(t, append([]string{portguard, "--wait", "forever", "-p", port}, tt.command...)...)
			eventually(t, 10*time.Second, "it waits", func() bool { return strings.Contains(p.errs.String(), "waiting") })
			before := p.errs.String()
			begin := time.Now()
			if err := p.cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			out := p.output()
			p.end(t)
			if took := time.Since(begin); took > 10*time.Second { // else it goes on waiting
				t.Errorf("took %v", took)
			}
			if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != tt.signal {
				t.Errorf("%v, want the end by %s", p.cmd.ProcessState, tt.signal)
			}
			want := "portguard: " + tt.says + "\n"
			if got := strings.TrimPrefix(p.errs.String(), before); got != want {
				t.Errorf("stderr after the signal: %.300q, want %q", got, want)
			}
			if out != "" {
				t.Errorf("stdout: %q", out)
			}
			if _, err := os.Stat(started); !os.IsNotExist(err) {
				t.Errorf("the command was started: %v", err)
			}
		})
	}
}
