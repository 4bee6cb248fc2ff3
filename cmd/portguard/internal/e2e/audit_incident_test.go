package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
)

// The host of the incident: its range holds the services' ports. The audit names each, tells the chance, and has one
// command, after which nothing is at risk and the kernel picks none of the ports.
func TestAuditOfTheIncidentsHost(t *testing.T) {
	setRange(t, 1024, 65000)
	r := newSysctlRig(t)
	ports := portrange.Set{{Low: 30000, High: 30012}, {Low: 40000, High: 40010}}
	stop := listens(t, ports)
	d := newDialer(t, 7)

	done, stopped := make(chan struct{}), make(chan struct{})
	go func() { // the host's outgoing connections, which stay
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				_, end := d.dial()
				defer end()
			}
		}
	}()
	text := r.runs(t, cli.ExitAtRisk, "audit", "--sample", "500ms")
	doc := r.audits(t, cli.ExitAtRisk)
	close(done)
	<-stopped

	says(t, joined(text), "1 of 1 service can lose 24 ports: portguard reserve "+ports.String()+" ", "1024-65000 are both even", "portguard range 40012-64999", "not covered: ")
	if diff := cmp.Diff(ports.String(), doc.AtRisk); diff != "" {
		t.Errorf("at risk (-want +got)\n%s", diff)
	}
	if doc.Load.New == 0 || doc.Load.Opened == 0 || doc.Load.Destinations != 7 {
		t.Errorf("the load: %+v", doc.Load)
	}
	for _, p := range doc.Ports {
		even := p.Port%2 == 0
		if !p.AtRisk || p.Chance == nil || *p.Chance > 0 != even || *p.ChanceBelow <= *p.Chance || len(p.Service.Processes) == 0 {
			t.Errorf("%d: %+v", p.Port, p)
		}
	}
	for _, row := range ports {
		if !strings.Contains(text, "\n"+row.String()+"/tcp  up to ") {
			t.Errorf("%s has no row of its own in\n%s", row, text)
		}
	}
	if len(doc.Fixes) == 0 || doc.Fixes[0].Command == nil || *doc.Fixes[0].Command != "portguard reserve "+ports.String() {
		t.Fatalf("fixes: %+v", doc.Fixes)
	}

	stop()
	const enough = 100_000 // the chance that none of so many gets one of the 13 even ports is below 1e-17
	n, taken := d.takes(ports, enough, true)
	if taken == 0 {
		t.Fatalf("%d connections do not get one of the ports, though nothing keeps them from it", n)
	}
	t.Logf("before: the %dth connection has one of the ports", n)

	listens(t, ports)
	r.runs(t, 0, strings.Fields(*doc.Fixes[0].Command)[1:]...)
	says(t, r.runs(t, 0, "audit", "--sample", "100ms"), "nothing is at risk")
	if doc := r.audits(t, 0); doc.AtRisk != "" || len(doc.Fixes) != 0 {
		t.Errorf("afterwards at risk: %q, fixes %+v", doc.AtRisk, doc.Fixes)
	}
	stop()
	if _, taken := d.takes(ports, 5000, false); taken != 0 {
		t.Errorf("%d of 5,000 connections have one of the reserved ports", taken)
	}
}
