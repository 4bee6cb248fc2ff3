package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Of several that install and remove at once each says what it did, and what stays is what one of them said: they come one
// after the other. Two that do not wait for each other take the drop-in of the other for one of their own, and back.
func (r unitRig) testAtOnce(t *testing.T) {
	r.Unit(t, "par.service", "[Service]\nType=exec\nExecStart=/bin/sleep 1000\n")
	r.Shell(t, "systemctl daemon-reload")
	const file = "/etc/systemd/system/par.service.d/zz-portguard.conf"
	for round := range 6 {
		out := r.Shell(t,
			"portguard unit remove par >/dev/null",
			"portguard unit install par -p 31001 >/tmp/a 2>&1 & a=$!",
			fmt.Sprintf("sleep 0.0%d", round),
			"portguard unit install par -p 31002 >/tmp/b 2>&1 & b=$!",
			"wait $a || { cat /tmp/a; exit 1; }",
			"wait $b || { cat /tmp/b; exit 1; }",
			"grep -o '31001\\|31002' "+file+"; systemctl show -p NeedDaemonReload --value par")
		if out != "31001\nno\n" && out != "31002\nno\n" {
			t.Fatalf("round %d: both say that the service is guarded, and there is %q", round, out)
		}
	}
	for round := range 4 {
		out := r.Shell(t,
			"portguard unit install par -p 31001 >/tmp/a 2>&1 & a=$!",
			fmt.Sprintf("sleep 0.0%d", 2*round),
			"portguard unit remove par >/tmp/b 2>&1 & b=$!",
			"wait $a || { cat /tmp/a; exit 1; }",
			"wait $b || { cat /tmp/b; exit 1; }",
			"ls -d "+file+" 2>/dev/null || true; ls -A /etc/systemd/system/par.service.d 2>/dev/null || true; cat /tmp/a /tmp/b")
		guarded := strings.HasPrefix(out, file+"\nzz-portguard.conf\n")
		if !guarded && !strings.HasPrefix(out, "wrote ") && !strings.HasPrefix(out, "unchanged ") {
			t.Errorf("round %d: something is left behind: %s", round, out)
		}
		if !guarded && !strings.Contains(out, "removed "+file) {
			t.Errorf("round %d: nobody says that the drop-in was removed, and it is gone: %s", round, out)
		}
	}
	r.succeeds(t, "unit", "remove", "par")
	if out := r.Shell(t, "ls -A /etc/systemd/system | grep par.service.d || true"); out != "" {
		t.Errorf("left behind: %s", out)
	}
}
