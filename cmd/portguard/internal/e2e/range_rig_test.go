package e2e

import (
	"testing"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
	"portguard/netdiag/sockdiag"
)

// setRange has the kernel pick ports from there until the test ends, and then clears what the test's connections have left on
// them: a TIME_WAIT record lasts for a minute, and the tests that follow name their ports.
func setRange(t *testing.T, low, high uint16) {
	t.Helper()
	t.Cleanup(func() { clearLeftovers(t) }) // the last of all: what was started since has ended
	nstest.SetRange(t, low, high)
}

// clearLeftovers removes what is left of closed connections in this namespace.
func clearLeftovers(t *testing.T) {
	t.Helper()
	holders.Sweep(t, func(sockdiag.Socket) bool { return true })
}
