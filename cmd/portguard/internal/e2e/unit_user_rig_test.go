package e2e

import (
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
)

// A unit of a user's own manager is guarded by that user, with that user's rights, beside a connection of the same user.
func (r unitRig) testUsersUnit(t *testing.T) {
	needs.File(t, "/usr/share/pam-configs/systemd", "libpam-systemd")
	r.Shell(t, "useradd -m -s /bin/bash ann; mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/ann; systemctl start user@$(id -u ann)")
	defer r.Shell(t, "rm /var/lib/systemd/linger/ann; systemctl stop user@$(id -u ann)")
	ann := func(t *testing.T, line string) (string, int) {
		t.Helper()
		out, status, err := r.Run("su", "-", "ann", "-c", "export XDG_RUNTIME_DIR=/run/user/$(id -u); "+line+" 2>&1")
		if err != nil {
			t.Fatal(err)
		}
		return out, status
	}
	must := func(t *testing.T, line string) string {
		t.Helper()
		out, status := ann(t, line)
		if status != 0 {
			t.Fatalf("%s: status %d\n%s", line, status, out)
		}
		return out
	}
	must(t, "mkdir -p .config/systemd/user; printf '[Service]\\nType=exec\\nExecStart=/usr/local/bin/orderd 30060\\n' >.config/systemd/user/mine.service; systemctl --user daemon-reload")
	const files = "cd .config/systemd; find . | sort"
	before := must(t, files)

	out, status := ann(t, "portguard unit install mine -p 30060 --share")
	if status != cli.ExitUsage || !strings.Contains(out, "hint: portguard unit install --user mine.service -p 30060 --share --as wrapper\n") {
		t.Errorf("without --user: status %d\n%s", status, out)
	}
	if out, status := ann(t, "portguard unit install --user mine -p 30060 --as pre"); status != cli.ExitUsage {
		t.Errorf("--as pre: status %d\n%s", status, out)
	}
	if out := must(t, "portguard unit install --user mine -p 30060 --share"); !strings.Contains(out, "(systemctl --user restart mine.service)") {
		t.Error(out)
	}
	if out := must(t, "portguard unit install --user mine -p 30060 --share"); !strings.HasPrefix(out, "unchanged ") {
		t.Error(out)
	}
	if out := must(t, "portguard unit show --user"); !strings.Contains(out, "30060/tcp") {
		t.Error(out)
	}
	r.Shell(t, "ip link set lo up; read -r low high </proc/sys/net/ipv4/ip_local_port_range",
		"echo 30060 30060 >/proc/sys/net/ipv4/ip_local_port_range",
		"su - ann -c 'export XDG_RUNTIME_DIR=/run/user/$(id -u); systemd-run -q --user --unit=crowd /usr/local/bin/pool'",
		"for i in $(seq 200); do ss -Htn sport = :30060 | grep ESTAB >/dev/null && break; sleep .05; done",
		"echo $low $high >/proc/sys/net/ipv4/ip_local_port_range; ss -Htn sport = :30060 | grep ESTAB >/dev/null")
	must(t, "systemctl --user start mine")
	r.Shell(t, "for i in $(seq 200); do ss -Htln sport = :30060 | grep . >/dev/null && break; sleep .05; done; ss -Htln sport = :30060 | grep . >/dev/null; ss -Htn sport = :30060 | grep ESTAB >/dev/null")
	must(t, "portguard unit install --user mine -p 30060 --share --ready 20s; systemctl --user restart mine; systemctl --user is-active mine")
	if out := must(t, "grep ExecStartPost= .config/systemd/user/mine.service.d/*"); out != "ExecStartPost=/usr/local/bin/portguard ready --wait 20s -p 30060\n" {
		t.Error(out)
	}

	// Without -p its own sockets tell, and not those of a unit of the system's that has its name.
	r.Unit(t, "mine.service", "[Service]\nType=exec\nExecStart=/usr/local/bin/orderd 30061\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start mine")
	r.listening(t, 30061, 1)
	if out := must(t, "portguard unit install --user mine --wait 3s; portguard unit show --user"); !strings.Contains(out, "30060/tcp") || strings.Contains(out, "30061") {
		t.Error(out)
	}
	must(t, "systemctl --user stop mine")
	if out, status := ann(t, "portguard unit install --user mine"); status != cli.ExitUsage || !strings.Contains(out, "hint: portguard unit install --user mine.service -p 30010\n") {
		t.Errorf("it does not run: status %d\n%s", status, out)
	}
	r.Shell(t, "systemctl stop mine; rm /etc/systemd/system/mine.service; systemctl daemon-reload")
	must(t, "portguard unit remove --user mine")
	if after := must(t, files); after != before {
		t.Errorf("left behind:\n%s", after)
	}
}
