package e2e

import (
	"strings"
	"testing"
)

// What a stop has left alive has the port when its own unit starts again: that is another thing than another service, and waiting for
// it is in vain.
func (r systemdRig) testLeftOver(t *testing.T) {
	r.service(t, "left", "Type=exec", "KillMode=process", "ExecStartPre=/usr/local/bin/portguard -p 40310",
		"ExecStart=/bin/bash -c '/usr/local/bin/holder -listen 40310 & exec sleep 1000'")
	r.Shell(t, "systemctl start left; until ss -Hltn sport = :40310 | grep -q .; do sleep .05; done; systemctl stop left")
	t.Cleanup(func() {
		r.Shell(t, "kill $(pidof holder); rm /etc/systemd/system/left.service; systemctl daemon-reload")
	})
	if _, status, err := r.Run("systemctl", "start", "left"); err != nil || status == 0 {
		t.Fatalf("it starts beside what is left of it: %v", err)
	}
	_, messages := r.entries(t, "-u left PORTGUARD_PORT=40310 PORTGUARD_VERDICT=taken")
	if len(messages) != 1 {
		t.Fatalf("%d entries: %q", len(messages), messages)
	}
	for _, want := range []string{
		", left.service) listens: a program listens on this port", ": left over from an earlier run of left.service, this very unit",
		"; what would help: portguard --kill --kill-listeners -p 40310",
	} {
		if !strings.Contains(messages[0], want) {
			t.Errorf("%q is missing in\n%s", want, messages[0])
		}
	}
	text, _ := r.portguard(t, "-p", "40310")
	if strings.Contains(text, "this very unit") || !strings.Contains(text, "all is well") {
		t.Errorf("asked about from elsewhere:\n%s", text)
	}
}
