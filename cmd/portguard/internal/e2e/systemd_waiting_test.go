package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A start that waits for its port outlives TimeoutStartSec=, and systemctl status says what it waits for.
func (r systemdRig) testWaiting(t *testing.T) {
	timeout, hold := 2, 5*time.Second
	if *rigLong {
		timeout, hold = 5, 12*time.Second
	}
	limit := fmt.Sprintf("TimeoutStartSec=%d", timeout)
	r.service(t, "patient", "Type=exec", limit, "NotifyAccess=all",
		"ExecStartPre=+/usr/local/bin/portguard --wait 30s -p 40010", "ExecStart=/usr/local/bin/witness -listen 40010")
	r.service(t, "wrapped", "Type=notify", limit,
		"ExecStart=/usr/local/bin/portguard --wait 30s -p 40011 -- /usr/local/bin/witness -listen 40011 -status serving")
	r.service(t, "deaf", "Type=exec", limit, // a Type=exec service has no NOTIFY_SOCKET
		"ExecStartPre=+/usr/local/bin/portguard --wait 30s -p 40012", "ExecStart=/usr/local/bin/witness -listen 40012")

	pid := r.hold(t, "tenant", "-listen 40010,40011,40012 -for "+hold.String())
	began := time.Now()
	r.Shell(t, "systemctl start --no-block patient wrapped deaf")
	for unit, port := range map[string]int{"patient": 40010, "wrapped": 40011} {
		want := fmt.Sprintf("waiting for %d/tcp: holder (pid %s, tenant.service) listens", port, pid)
		r.reaches(t, unit, "StatusText", want)
		if status := r.Shell(t, "systemctl status --no-pager "+unit+" || true"); !strings.Contains(status, `Status: "`+want+`"`) {
			t.Errorf("systemctl status does not say %q:\n%s", want, status)
		}
		if state := r.property(t, unit, "ActiveState"); state != "activating" {
			t.Errorf("%s is %q while it waits", unit, state)
		}
	}
	if text := r.property(t, "deaf", "StatusText"); text != "" {
		t.Errorf("without NOTIFY_SOCKET there is a status: %q", text)
	}
	for unit, status := range map[string]string{"patient": "", "wrapped": "serving"} {
		r.reaches(t, unit, "ActiveState", "active")
		r.reaches(t, unit, "StatusText", status)
	}
	if took := time.Since(began); took < hold-time.Second {
		t.Errorf("the port was held for %s, and they are up after %s", hold, took)
	}
	// The same start without a word to systemd.
	if result := r.property(t, "deaf", "Result"); result != "timeout" {
		t.Errorf("the unit that nobody asked more time for: %q, want timeout", result)
	}
	r.Shell(t, "systemctl stop patient wrapped; systemctl reset-failed")
}
