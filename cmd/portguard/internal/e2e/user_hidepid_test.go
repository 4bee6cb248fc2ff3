package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/nstest"
)

// Where /proc hides other users' processes, those above portguard among them, an ordinary user may do what he may elsewhere:
// wait, and act on his own processes. What he cannot see is not permitted, and the power that it takes is named once.
func TestHidepid(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	const script = `mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" "$@"`
	hidden := func(argv ...string) []string {
		return slices.Concat([]string{"unshare", "-m", "sh", "-c", script}, argv)
	}
	if a := suffer(t, 20*time.Second, hidden("sh", "-c", "! test -e /proc/1")...); a.status != 0 {
		t.Skipf("no proc with hidepid=2 can be had here: %s", a.text())
	}
	line := func(flags string, port uint16) []string {
		return hidden(slices.Concat([]string{l.portguard}, strings.Fields(flags), []string{"-p", number(port)})...)
	}
	for flags, says := range map[string]string{
		"--share": "share done: set SO_REUSEADDR",
		"--close": "close done: cut the connection of keeper .* by a duplicate of its descriptor",
		"--kill":  "kill done: sent SIGTERM to pid .* which has ended",
	} {
		t.Run("his own, "+flags, func(t *testing.T) {
			port := l.port()
			h := l.rig.Hold(t, port, pooled(loopback4))
			fd := h.FD
			h.FD = -1
			l.keep(t, nobodyUser, []int{fd})
			a := suffer(t, 20*time.Second, line(flags, port)...)
			if strings.Contains(a.text(), "before Linux 6.13") {
				a.honest(t, cli.ExitNoPerm)
				t.Skip("this kernel does not tell who is above portguard")
			}
			a.honest(t, cli.ExitOK)
			a.says(t, says)
		})
	}
	t.Run("another's, where pid 1 is his own", func(t *testing.T) {
		port, said := number(l.port()), filepath.Join(t.TempDir(), "said")
		service := builds.build(t, "./testdata/ladder/service")
		a := suffer(t, 20*time.Second, "unshare", "-pfm", "--kill-child", "sh", "-c", `mount -t proc -o hidepid=2 proc /proc
			setpriv --reuid 1 --regid 1 --clear-groups "$2" "$3" >"$1" & until [ -s "$1" ]; do sleep 0.01; done
			exec setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '"$0" --kill --kill-listeners -p "$1"; exit $?' "$0" "$3"`, l.portguard, said, service, port)
		a.honest(t, cli.ExitNoPerm)
		a.says(t, "/proc hides other users' processes from this user \\(hidepid\\).*kill +not permitted: its owner is not visible to this user")
	})
	port := l.port()
	h := l.rig.Hold(t, port, pooled(loopback4))
	peer := h.Peer
	l.take(t, h)
	for flags, status := range map[string]int{
		"": cli.ExitUnavailable, "--wait 50ms": cli.ExitTempFail, "--share": cli.ExitNoPerm, "--close": cli.ExitNoPerm, "--kill": cli.ExitNoPerm,
	} {
		t.Run("another's, "+flags, func(t *testing.T) {
			a := suffer(t, 20*time.Second, line(flags, port)...)
			a.honest(t, status)
			if n := strings.Count(strings.Join(strings.Fields(a.text()), " "), "CAP_SYS_PTRACE"); n != 1 {
				t.Errorf("CAP_SYS_PTRACE is named %d times in\n%s", n, a.text())
			}
		})
	}
	echoes(t, peer)
}
