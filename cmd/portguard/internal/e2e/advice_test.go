package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
)

// TestAdviceIsFollowed: each line that a report advises is typed as it stands there, in a fresh copy of the situation that it was
// advised in, and does what it says. There is no form of line that nobody follows.
func TestAdviceIsFollowed(t *testing.T) {
	nstest.Root(t)
	setRange(t, 20000, 60999)
	f := follower{newLadder(t), newSysctlRig(t), tools(t), map[string]bool{}}
	for _, s := range situations() {
		t.Run(s.name, func(t *testing.T) { f.follow(t, s) })
	}
	t.Run("a range that is too small", func(t *testing.T) {
		setRange(t, 21000, 21999)
		f.ladder = newLadder(t) // which puts that range back
		f.follow(t, situation{make: has(nil, pooled(loopback4)), want: []string{
			"portguard --share -p X -- COMMAND", "portguard --wait D -p X -- COMMAND", "portguard --close -p X -- COMMAND", "portguard reserve --force X"}})
	})
	for _, form := range reporttest.FollowedBy(reporttest.OnALadder) {
		if !f.followed[form] {
			t.Errorf("nobody has followed %q", form)
		}
	}
}

// follower types what is advised.
type follower struct {
	*ladder
	sysctl   sysctlRig
	path     string          // PATH, with portguard and sudo
	followed map[string]bool // forms
}

// tools is a PATH with a sudo for who is root already.
func tools(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sudo"), []byte("#!/bin/sh\nexec \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{filepath.Dir(binary(t)), dir, os.Getenv("PATH")}, ":")
}

func (f follower) follow(t *testing.T, s situation) {
	var forms []string
	for i, n := 0, 1; i < n; i++ {
		name := "nothing"
		if i < len(s.want) {
			name = s.want[i]
		}
		t.Run(name, func(t *testing.T) {
			port := f.port()
			on := s.make(t, f.ladder, port)
			if on.ports == "" {
				on.ports = number(port)
			}
			lines := f.advice(t, s.as, append(strings.Fields(s.flags), "-p", on.ports)...)
			if n = len(lines); n == 0 {
				return
			}
			forms = append(forms, reporttest.Form(lines[i]))
			f.followed[forms[i]] = true
			f.try(t, s, on, port, lines[i])
		})
	}
	if diff := cmp.Diff(s.want, forms); diff != "" {
		t.Errorf("the advice (-want +got)\n%s", diff)
	}
}

// try does what a line says, and looks whether it is what became of it.
func (f follower) try(t *testing.T, s situation, on scene, port uint16, line string) {
	as := s.as
	if strings.HasPrefix(line, "sudo ") {
		as = nil
	}
	if strings.Contains(line, " reserve ") {
		f.sysctl.runs(t, 0, strings.Fields(strings.TrimPrefix(strings.TrimPrefix(line, "sudo "), "portguard "))...)
		ports := line[strings.LastIndex(line, " ")+1:]
		if all, err := portrange.Reserved(); err != nil || all.String() != ports { // nobody else has reserved any
			t.Errorf("%s: reserved are %v, %v", line, all, err)
		}
		f.sysctl.runs(t, 0, "release", ports)
		return
	}
	service := f.service + " " + s.service + " " + number(port)
	start, starts := strings.CutSuffix(line, "COMMAND")
	if starts {
		start += service
	}
	if strings.HasPrefix(line, "portguard --hold") {
		on.goes() // it is about the start after this one
	}
	if strings.Contains(line, "--reserve") {
		defer f.sysctl.runs(t, 0, "release", on.ports)
	}
	p := f.shell(t, as, start)
	if strings.Contains(line, "--wait") {
		time.Sleep(100 * time.Millisecond) // when it comes before the wait, the line is right as well
		if on.rest != nil && (strings.Contains(line, "--share") || strings.Contains(line, "--close")) {
			on.goes = on.rest
		}
		on.goes()
	}
	switch {
	case starts:
		p.expect(t, "up")
	case reporttest.Form(line) == "sudo portguard -p X":
		text := p.output()
		if status := p.end(t); status != cli.ExitUnavailable || !strings.Contains(text, fmt.Sprintf("(pid %d,", on.owner.pid())) {
			t.Errorf("status %d\n%s", status, text)
		}
		return
	default:
		if status := p.end(t); status != cli.ExitOK {
			t.Errorf("status %d\n%s", status, p.errs.String())
		}
		f.shell(t, s.as, service).expect(t, "up")
	}
	f.outcome(t, on, line)
}

// outcome looks at whom it was done to.
func (f follower) outcome(t *testing.T, on scene, line string) {
	switch {
	case on.owner == nil:
	case strings.Contains(line, "--kill "):
		eventually(t, 5*time.Second, "it ends", func() bool { return !on.owner.running() })
	case strings.Contains(line, "--close"):
		if on.peer >= 0 && !isReset(on.peer) {
			t.Error("the connection was not cut")
		}
		fallthrough
	case strings.Contains(line, "--share"):
		if !on.owner.running() {
			t.Error("its program has ended")
		}
		if on.peer >= 0 && strings.Contains(line, "--share") {
			echoes(t, on.peer)
		}
	}
}

// shell has a shell read a line, as a user.
func (f follower) shell(t *testing.T, as *syscall.Credential, line string) *actor {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "exec "+line)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PATH=") }), "PATH="+f.path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return launchCommand(t, cmd)
}

// advice is what a run of portguard advises.
func (f follower) advice(t *testing.T, as *syscall.Credential, args ...string) []string {
	t.Helper()
	cmd := exec.Command(f.portguard, append([]string{"--json"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	p := launchCommand(t, cmd)
	text := p.output()
	var doc report.JSONReport
	if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc.Endpoints) == 0 {
		t.Fatalf("status %d, %v\n%s%s", p.end(t), err, text, p.errs.String())
	}
	return doc.Endpoints[0].Advice
}
