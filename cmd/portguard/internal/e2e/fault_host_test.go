package e2e

import (
	"fmt"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// inMounts puts a mount namespace of its own in front of a command line, and runs a script in it first.
func inMounts(t *testing.T, script string, argv ...string) []string {
	t.Helper()
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		t.Skip("needs the right to make mount namespaces: ", err)
	}
	return append([]string{"unshare", "-m", "sh", "-ec", "mount --make-rprivate /\n" + script + "\nexec \"$@\"", "sh"}, argv...)
}

// A table of descriptors that is all but full: from the first that suffices, portguard works; below it says what is wrong.
func TestFewDescriptors(t *testing.T) {
	l := newLadder(t)
	port, _, peer := l.client(t)
	low := func(n int) []string {
		return []string{"prlimit", fmt.Sprintf("--nofile=%d:%d", n, n)}
	}
	inherited := func(n int) []string { // all but n
		return []string{"prlimit", "--nofile=1024:1024", "bash", "-c", `for ((fd = $1; fd < 1024; fd++)); do eval "exec $fd</dev/null"; done; shift; exec "$@"`, "bash", strconv.Itoa(n)}
	}
	for _, tt := range []struct {
		name string
		few  func(n int) []string
		of   []int
	}{
		{"limit", low, []int{3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 24, 64, 100, 110}},
		{"inherited", inherited, []int{6, 8, 10, 12, 16}},
	} {
		for _, n := range tt.of {
			t.Run(fmt.Sprintf("%s/%d", tt.name, n), func(t *testing.T) {
				try := func(args ...string) aftermath {
					return suffer(t, 20*time.Second, append(tt.few(n), append([]string{l.portguard}, args...)...)...)
				}
				report := try("-p", number(port))
				report.honest(t, cli.ExitUnavailable, cli.ExitOSErr)
				if report.status == cli.ExitOSErr {
					report.says(t, `too many open files`)
				}
				start := try("-p", number(port+1000), "--", "true")
				start.honest(t, cli.ExitOK, cli.ExitOSErr)
				if n >= 16 && (report.status != cli.ExitUnavailable || start.status != cli.ExitOK) {
					t.Errorf("%d descriptors do not suffice\n%s%s", n, report.text(), start.text())
				}
				many := try("-p", "23000-23099", "--", "true")
				many.honest(t, cli.ExitOK, cli.ExitOSErr) // what there is no room for is not held, and that is said
				kept := try("--restart", "on-failure", "--restart-limit", "1/1h", "--restart-delay", "1ms", "-p", number(port+1000), "--", "true")
				kept.honest(t, cli.ExitOK, cli.ExitOSErr)
				among := try("-p", "23000-23099,"+number(port), "--", "true")
				among.honest(t, cli.ExitUnavailable, cli.ExitOSErr) // who holds it is asked beside all that is held
			})
		}
	}
	echoes(t, peer)
}

// Without /proc, or with one that hides other users' processes, the verdict is the same; who it is cannot be said, and that
// is what is said. A free port is no trouble at all.
func TestNoProcesses(t *testing.T) {
	nstest.Root(t)
	l := newLadder(t)
	port, _, peer := l.client(t)
	hidden := []int{cli.ExitNoPerm, cli.ExitUnavailable} // the latter where its own ancestors, which it must not touch, are hidden too
	nobody := []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"}
	for _, tt := range []struct {
		name, script string
		prefix       []string
		says         string
		acts         []int // what the rungs end with; nil: they would work
	}{
		{"/proc is not mounted", "umount -l /proc", nil, "which process has it cannot be seen without /proc", []int{cli.ExitUnavailable}},
		{"/proc is something else", "mount -t tmpfs none /proc", nil, "which process has it cannot be seen without /proc", []int{cli.ExitUnavailable}},
		{"hidepid=2", "mount -t proc -o hidepid=2 none /proc", nobody, `/proc hides other users' processes from this user \(hidepid\)`, hidden},
		{"hidepid=1", "mount -t proc -o hidepid=1 none /proc", nobody, `this user may not see which process has it \(that takes CAP_SYS_PTRACE`, hidden},
		{"hidepid=4", "mount -t proc -o hidepid=4 none /proc", nobody, `/proc hides other users' processes from this user \(hidepid\)`, hidden},
		{"hidepid=2, as root", "mount -t proc -o hidepid=2 none /proc", nil, `keeper \(pid \d+, root`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := func(args ...string) aftermath {
				return suffer(t, 20*time.Second, inMounts(t, tt.script, append(tt.prefix, append([]string{l.portguard}, args...)...)...)...)
			}
			report := run("-p", number(port))
			report.honest(t, cli.ExitUnavailable)
			report.says(t, tt.says)
			if tt.acts != nil {
				run("--share", "--close", "--kill", "-p", number(port)).honest(t, tt.acts...)
				echoes(t, peer)
			}
			run("-p", number(port+1000), "--", "true").honest(t, cli.ExitOK)
			run("audit", "--sample", "10ms", number(port)).honest(t, cli.ExitAtRisk, cli.ExitOK, cli.ExitOSErr)
			run("reserve", "--dry-run", number(port)).honest(t, cli.ExitOK, cli.ExitOSErr)
		})
	}
	echoes(t, peer)
}

// A system bus that is not there, that hangs up, or that never says a word: systemd is not waited for.
func TestDeadSystemBus(t *testing.T) {
	t.Parallel()   // it waits for answers that do not come
	nstest.Root(t) // to write units
	portguard := binary(t)
	const rig = `
mount -t tmpfs none /run
mkdir -p /run/systemd/system
socat UNIX-LISTEN:/run/deaf,fork EXEC:'sleep 30' 2>/dev/null &
socat UNIX-LISTEN:/run/hangup,fork EXEC:true 2>/dev/null &
until [ -S /run/deaf ] && [ -S /run/hangup ]; do sleep 0.05; done
"$@" || status=$?
kill %1 %2
exit ${status:-0}
`
	needs.Program(t, "socat", "socat")
	for i, bus := range []string{"missing", "hangup", "deaf"} {
		t.Run(bus, func(t *testing.T) {
			t.Parallel()
			run := func(args ...string) aftermath {
				argv := inMounts(t, "exec bash -uc \"$RIG\" bash env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/"+bus+" \"$@\"", append([]string{portguard}, args...)...)
				return suffer(t, 20*time.Second, append([]string{"env", "RIG=" + rig}, argv...)...)
			}
			install := run("unit", "install", "order", "-p", "40301")
			install.honest(t, cli.ExitOSErr)
			install.says(t, "^portguard: systemd: connect: system bus: .*; without it: ")
			run("unit", "remove", "order").honest(t, cli.ExitOK)
			run("--restart-unit", "-p", number(uint16(40311+i)), "--", "true").honest(t, cli.ExitOK)
		})
	}
}
