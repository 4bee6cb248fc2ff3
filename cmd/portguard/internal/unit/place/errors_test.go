package place

import (
	"errors"
	"testing"

	"portguard/cmd/portguard/internal/cli"
)

// Without the right to, nothing is asked of systemd, and the hint is the line that would do: who is root already is so in a user namespace.
func TestUnitNeedsRoot(t *testing.T) {
	for uid, hint := range map[int]string{1000: "sudo portguard unit remove order.service", 0: "on the host: portguard unit remove order.service"} {
		err := error(&needsRootError{"portguard unit remove order.service", uid, errors.New("x")})
		if cli.Status(err) != cli.ExitNoPerm || cli.Hint(err) != hint {
			t.Errorf("uid %d: status %d, hint %q", uid, cli.Status(err), cli.Hint(err))
		}
	}
}
