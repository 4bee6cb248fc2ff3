package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// A rule of the cgroup, as SocketBindDeny= is one, is no riddle; and where it leaves a service IPv4, the service starts.
func TestForbiddenByTheCgroup(t *testing.T) {
	portguard, service := binary(t), builds.build(t, "./testdata/ladder/service")
	const says = `30790/tcp is forbidden: binding *:30790 fails with "operation not permitted"; a rule of this cgroup forbids it, to the service as well: ` +
		`SocketBindDeny= of the unit (SocketBindAllow=tcp:30790 beside it allows it), or another BPF program`
	for _, tt := range []struct {
		name       string
		ipv4, ipv6 bool // forbidden
		args       []string
		want       int
		says       string
	}{
		{"asked about", true, true, []string{"-p", "30790"}, cli.ExitUnavailable, says + "\n"},
		{"nothing helps", true, true, []string{"-q", "--wait", "1h", "--share", "-p", "30790", "--", service, "30790"}, cli.ExitUnavailable,
			"portguard: the command was not started: " + says + "\n"},
		{"as JSON", true, true, []string{"--json", "-p", "30790"}, cli.ExitUnavailable, `"verdict":"forbidden","errno":"EPERM"`},
		{"hold", true, true, []string{"hold", "-p", "30790"}, cli.ExitUnavailable, says},
		{"IPv6, and IPv4 is wanted", false, true, []string{"-p", "30790", "--", "timeout", "2", service, "-network", "tcp4", "30790"}, 124, "up\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, portguard, tt.args...)
			var out []byte
			nstest.ForbidBind(t, tt.ipv4, tt.ipv6, func() { out, _ = cmd.CombinedOutput() })
			if status := cmd.ProcessState.ExitCode(); status != tt.want || !strings.Contains(string(out), tt.says) {
				t.Errorf("status %d, want %d and %q\n%s", status, tt.want, tt.says, out)
			}
		})
	}
}
