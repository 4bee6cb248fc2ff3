package place

import (
	"io/fs"
	"os"
	"testing"

	"portguard/cmd/portguard/internal/cli"
	"portguard/systemd/dropin"
)

// Who may not change the system's units is told of sudo. Behind sudo, a user's own units would be others.
func TestSudoIsForTheSystemsUnits(t *testing.T) {
	for _, tt := range []struct {
		at    Place
		err   error
		right string
		exit  int
	}{
		{Place{Dir: dropin.System}, fs.ErrPermission, cli.AsRoot(os.Geteuid(), "portguard unit remove a.service"), cli.ExitNoPerm},
		{Place{runtime: "/run/user/1000"}, fs.ErrPermission, "", cli.ExitNoPerm},
		{Place{runtime: "/run/user/1000"}, &noSessionError{fs.ErrPermission}, (*noSessionError)(nil).Hint(), cli.ExitOSErr},
	} {
		err := tt.at.Failure(tt.err, "remove a.service")
		if right, exit := cli.Hint(err), cli.Status(err); right != tt.right || exit != tt.exit {
			t.Errorf("%+v: %v: %q and %d, want %q and %d", tt.at, tt.err, right, exit, tt.right, tt.exit)
		}
	}
}
