package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/report"
)

// On a host with 200,000 sockets and 2,000 processes the right one is named, and no other is touched.
func TestScaleInACrowd(t *testing.T) {
	connections, processes := 10_000, 200
	if *scaleFull {
		connections, processes = 100_000, 2_000
	}
	began := time.Now()
	c := gather(t, connections, processes)
	before := established(t)
	t.Logf("%d connected sockets, %d processes, made in %s", len(before), processesNow(t), time.Since(began).Round(time.Second))
	if len(before) < 2*connections {
		t.Fatalf("want %d sockets", 2*connections)
	}

	t.Run("report", func(t *testing.T) {
		h := c.clients[12]
		p := launch(t, weighed(t, "-p", number(h.port), "--json")...)
		line := p.expect(t, "")
		p.end(t)
		checkHolder(t, []byte(p.errs.String()), h)
		peak(t, "report", line)
		if n := len(gone(before, established(t))); n > 0 {
			t.Errorf("%d connections are gone", n)
		}
	})
	t.Run("share", func(t *testing.T) {
		startsInCrowd(t, "--share", c.clients[7])
		if n := len(gone(before, established(t))); n > 0 {
			t.Errorf("%d connections are gone", n)
		}
	})
	t.Run("close", func(t *testing.T) {
		h := c.clients[18]
		startsInCrowd(t, "--close", h)
		cut := gone(before, established(t))
		if len(cut) != 2 { // both ends of one
			t.Errorf("%d sockets are gone, want 2", len(cut))
		}
		for _, s := range cut {
			if s.Local.Port() != h.port && s.Remote.Port() != h.port {
				t.Errorf("%v -> %v is gone, too", s.Local, s.Remote)
			}
		}
	})
	t.Run("5,000 ports, most of them in use", func(t *testing.T) {
		p := launch(t, weighed(t, "-p", "10000-14999", "--json")...)
		line := p.expect(t, "")
		p.end(t)
		checkTaken(t, []byte(p.errs.String()))
		peak(t, "report about 5,000 ports", line)
	})
}

// startsInCrowd starts a service on a port that a connection of the crowd has.
func startsInCrowd(t *testing.T, rung string, h crowdClient) {
	t.Helper()
	port := number(h.port)
	began := time.Now()
	p := launch(t, weighed(t, rung, "-p", port, "--", theActor(t), "listen", ":"+port)...)
	eventually(t, time.Minute, "the service is up", func() bool { return strings.Contains(p.errs.String(), "up\n") })
	t.Logf("up after %s", time.Since(began).Round(time.Millisecond))
	if err := p.stdin.Close(); err != nil { // which ends the service
		t.Fatal(err)
	}
	peak(t, rung, p.expect(t, ""))
}

// checkHolder makes sure that a report names the one holder, and its process.
func checkHolder(t *testing.T, text []byte, want crowdClient) {
	t.Helper()
	var r report.JSONReport
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if len(r.Endpoints) != 1 || r.Endpoints[0].Verdict != "taken" || len(r.Endpoints[0].Holders) != 1 {
		t.Fatalf("want one holder of one endpoint: %s", text)
	}
	h := r.Endpoints[0].Holders[0]
	if h.Kind != "client" || len(h.Processes) != 1 || h.Processes[0].PID != want.pid {
		t.Errorf("want a client of process %d: %s", want.pid, text)
	}
}

// checkTaken makes sure that every holder of every port has its process.
func checkTaken(t *testing.T, text []byte) {
	t.Helper()
	var r report.JSONReport
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("%v: %.1000s", err, text)
	}
	taken, holders := 0, 0
	for _, e := range r.Endpoints {
		if e.Verdict == "taken" {
			taken++
		} else if len(e.Holders) > 0 {
			t.Errorf("port %d is %s, and has holders", e.Port, e.Verdict)
		}
		for _, h := range e.Holders {
			holders++
			if len(h.Processes) != 1 {
				t.Errorf("%d processes have %s", len(h.Processes), h.Local)
			}
		}
	}
	t.Logf("%d of %d ports are taken, by %d connections", taken, len(r.Endpoints), holders)
	if len(r.Endpoints) != 5000 || taken == 0 || holders < taken {
		t.Errorf("%d endpoints", len(r.Endpoints))
	}
}
