package e2e

import (
	"regexp"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
)

// needsClearing skips where the kernel does not take away what a connection has left, after a look at what portguard makes
// of it: it says so, and leaves it as it is.
func (l *ladder) needsClearing(t *testing.T, port uint16, state holders.State, flag string) {
	t.Helper()
	if l.rig.Destroys(t, state) {
		return
	}
	status, e := l.report(t, nil, flag, "-p", number(port))
	says := regexp.MustCompile(`not-possible: clear the .* record .*: this kernel cannot; it ends by itself \(--wait\)`)
	if status != cli.ExitUnavailable || e.Verdict != "taken" || !says.MatchString(actionsOf(e)) {
		t.Errorf("status %d, verdict %s\n%s", status, e.Verdict, actionsOf(e))
	}
	t.Skipf("SOCK_DESTROY does not take %s away here: portguard says so and leaves it; --wait waits for its end", state)
}

// needsSockDestroy skips on a kernel without SOCK_DESTROY.
func (l *ladder) needsSockDestroy(t *testing.T) {
	t.Helper()
	if !l.rig.Destroys(t, holders.Established) {
		t.Skip("no SOCK_DESTROY in this kernel (CONFIG_INET_DIAG_DESTROY), whoever asks")
	}
}
