package place

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

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

// What portguard may not do, others have to: bring the drop-in, or take it away.
func TestReadOnly(t *testing.T) {
	for command, want := range map[string]string{
		"install order.service -p 30010 --as pre": "has to bring the drop-in (--dry-run prints it)",
		"remove order.service":                    "has to take the drop-in away",
		"remove --all":                            "has to take the drop-in away",
	} {
		if err := (Place{}).Failure(&fs.PathError{Op: "write", Path: "/etc", Err: unix.EROFS}, command); !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", command, err)
		}
	}
}
