package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What stops a service is told nobody (STOPSIGNAL of an image, KillSignal= of a unit). Who ends as he was asked to is not
// started again in the middle of a stop; who ends for a reason of his own is.
func TestSuperviseStopSignals(t *testing.T) {
	const obeyed = "which is taken for a request to stop"
	for _, tt := range []struct {
		name    string
		flags   string
		service string
		signal  unix.Signal
		status  int // -1: it is started again
		says    string
	}{
		{"SIGQUIT, as nginx's image has it", "--restart always", "3=0", unix.SIGQUIT, 0, obeyed},
		{"SIGUSR1, as haproxy's", "--restart always", "10=0", unix.SIGUSR1, 0, obeyed},
		{"SIGWINCH, as httpd's", "--restart always", "28=0", unix.SIGWINCH, 0, obeyed},
		{"SIGRTMIN+3, as systemd's own", "--restart always", "37=0", 37, 0, obeyed},
		{"one that it does not know", "--restart on-failure", "", unix.SIGUSR2, 140, "by SIGUSR2 on SIGUSR2, " + obeyed},
		{"with the status of a signal", "--restart on-failure", "3=131", unix.SIGQUIT, 131, obeyed},
		{"the policy is the same", "--restart on-failure", "10=0", unix.SIGUSR1, 0, ""},
		{"another status is a crash", "--restart on-failure", "10=1", unix.SIGUSR1, -1, "ended with status 1"},
		{"long after", "--restart always --stop-timeout 100ms", "10=0@400ms", unix.SIGUSR1, -1, "ended with status 0"},
		{"a reload that it does not know", "--restart on-failure", "", unix.SIGHUP, -1, "ended by SIGHUP"},
		{"--stop-signal, and a status of its own", "--restart on-failure --stop-signal USR1", "10=1", unix.SIGUSR1, 1, ""},
		{"--stop-signal, and it does not end", "--restart on-failure --stop-signal SIGUSR1 --stop-timeout 200ms", "10=", unix.SIGUSR1, 137,
			"has not ended within 200ms: SIGKILL"},
		{"--stop-signal of a reload", "--restart on-failure --stop-signal 1", "", unix.SIGHUP, 129, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := append(strings.Fields(tt.flags), "--restart-delay", "1ms", "-p", freePort(t), "--", theActor(t), "obey")
			line = append(line, strings.Fields(tt.service)...)
			p := launch(t, append([]string{binary(t)}, line...)...)
			p.expect(t, "up")
			if err := p.cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if tt.status < 0 {
				p.expect(t, "up")
				if said := p.errs.String(); !strings.Contains(said, tt.says) || !strings.Contains(said, "next start in") {
					t.Errorf("it says\n%s", said)
				}
				return
			}
			status := p.end(t)
			if said := p.errs.String(); status != tt.status || !strings.Contains(said, tt.says) || tt.says == "" && said != "" {
				t.Errorf("status %d, want %d\n%s", status, tt.status, said)
			}
		})
	}
}

// A manager such as nodemon signals each of its processes, the service first, and expects all to go: by whatever signal, and
// however fast one is after the other. A second portguard would stand beside the one that it starts next.
func TestSuperviseManagerSignalsBoth(t *testing.T) {
	for _, apart := range []time.Duration{0, 100 * time.Millisecond} {
		t.Run(apart.String(), func(t *testing.T) {
			p := launch(t, binary(t), "--restart", "always", "--restart-delay", "1h", "-p", freePort(t), "--", theActor(t), "obey")
			p.expect(t, "up")
			if err := unix.Kill(childOf(t, p.pid()), unix.SIGUSR2); err != nil {
				t.Fatal(err)
			}
			time.Sleep(apart)
			if err := p.cmd.Process.Signal(unix.SIGUSR2); err != nil {
				t.Fatal(err)
			}
			if !p.endWithin(t, 5*time.Second) {
				t.Errorf("it stays\n%s", p.errs.String())
			}
		})
	}
}

// Between two runs a signal finds nobody. A reload is none the worse for that: the next run begins with what is new.
func TestSuperviseSignalsBetweenRuns(t *testing.T) {
	for _, tt := range []struct {
		signal unix.Signal
		flags  []string
		ends   bool
	}{
		{unix.SIGHUP, nil, false},
		{unix.SIGUSR1, nil, false},
		{unix.SIGUSR1, []string{"--stop-signal", "USR1"}, true},
		{unix.SIGQUIT, nil, true},
		{unix.SIGTERM, nil, true},
	} {
		t.Run(fmt.Sprint(unix.SignalName(tt.signal), tt.flags), func(t *testing.T) {
			line := append([]string{binary(t), "--restart", "on-failure", "--restart-delay", "400ms"}, tt.flags...)
			p := launch(t, append(line, "-p", freePort(t), "--", "sh", "-c", "echo up; exit 3")...)
			p.expect(t, "up")
			eventually(t, 10*time.Second, "it waits", func() bool { return strings.Contains(p.errs.String(), "next start in") })
			if err := p.cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if !tt.ends {
				p.expect(t, "up")
				return
			}
			if status := p.end(t); status != 3 {
				t.Errorf("status %d, want that of the last run", status)
			}
		})
	}
}

// A stop that arrives twice within a moment is one: the service has its time.
func TestSuperviseOneStopThatArrivesTwice(t *testing.T) {
	service := []string{"--restart", "on-failure", "--stop-timeout", "20s", "-p", freePort(t), "--",
		theActor(t), "obey", "15=0@600ms", "2="}
	portguard := append([]string{binary(t)}, service...)
	signal := func(all ...unix.Signal) func(*testing.T, *actor) {
		return func(t *testing.T, p *actor) {
			for _, sig := range all {
				if err := p.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	for _, tt := range []struct {
		name string
		argv []string
		stop func(*testing.T, *actor)
	}{
		{"SIGTERM, SIGTERM", portguard, signal(unix.SIGTERM, unix.SIGTERM)},
		{"SIGTERM, SIGINT, SIGTERM", portguard, signal(unix.SIGTERM, unix.SIGINT, unix.SIGTERM)},
		{"timeout(1)", append([]string{"timeout", "1"}, portguard...), func(*testing.T, *actor) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := launch(t, tt.argv...)
			p.expect(t, "up")
			tt.stop(t, p)
			p.expect(t, "finished")
			p.end(t)
			if said := p.errs.String(); said != "" {
				t.Errorf("it says\n%s", said)
			}
		})
	}
}

// Two signals that ask for the same are both passed on: the service may know but one.
func TestSuperviseTwoWordsForAStop(t *testing.T) {
	p := launch(t, binary(t), "--restart", "no", "-q", "--stop-timeout", "20s", "-p", freePort(t), "--", theActor(t), "obey", "2=", "15=7")
	p.expect(t, "up")
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM} {
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if status := p.end(t); status != 7 {
		t.Errorf("status %d", status)
	}
}

// One that comes a second later is somebody who does not want to wait.
func TestSuperviseDeliberateSecondStop(t *testing.T) {
	p := launch(t, binary(t), "--restart", "no", "--stop-timeout", "1h", "-p", freePort(t), "--", theActor(t), "stubborn")
	p.expect(t, "ready")
	for range 2 {
		if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1100 * time.Millisecond)
	}
	if status := p.end(t); status != 137 || !strings.Contains(p.errs.String(), "was asked to stop twice") {
		t.Errorf("status %d\n%s", status, p.errs.String())
	}
}

// The way to stop it is the way in which portguard stops it itself.
func TestSuperviseStopsByTheStopSignal(t *testing.T) {
	p := launch(t, binary(t), "--restart", "no", "--ready-timeout", "300ms", "--stop-signal", "QUIT", "-p", freePort(t), "--",
		theActor(t), "obey", "3=7")
	if status := p.end(t); status != 7 {
		t.Errorf("status %d", status)
	}
}
