package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// capable is a copy of portguard with file capabilities, in a directory that every user can read.
func capable(t *testing.T, capabilities string) string {
	t.Helper()
	nstest.Root(t)
	path := copyOf(t, binary(t))
	setcap := needs.Program(t, "setcap", "libcap2-bin")
	if out, err := exec.Command(setcap, capabilities, path).CombinedOutput(); err != nil {
		t.Skipf("the file system has no file capabilities: %v %s", err, out)
	}
	return path
}

func copyOf(t *testing.T, program string) string {
	t.Helper()
	dir, err := os.MkdirTemp(builds.dir, "copy-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "portguard")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func asNobody(flags ...string) []string {
	return append([]string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"}, flags...)
}

// fileCapabilities is all that the ladder can use.
const fileCapabilities = "cap_net_admin,cap_sys_ptrace,cap_dac_read_search,cap_kill+ep"

// The service of an ordinary user has the capabilities that it would have without portguard: none. What portguard's file
// has is gone with execve, in supervise mode, too.
func TestFileCapabilitiesDoNotReachTheService(t *testing.T) {
	portguard := capable(t, fileCapabilities)

	grep := []string{"grep", "-E", "^Cap(Inh|Prm|Eff|Bnd|Amb)|^NoNewPrivs|^Uid|^Gid|^Groups", "/proc/self/status"}
	want := suffer(t, 20*time.Second, append(asNobody(), grep...)...)
	if want.status != 0 || !strings.Contains(want.out, "CapPrm:\t0000000000000000\n") {
		t.Fatal(want)
	}
	for _, flags := range [][]string{{}, {"--share", "--close", "--kill"}, {"--restart", "no"}, {"--hold", "none"}} {
		argv := append(append(append(asNobody(), portguard, "-p", "40311"), flags...), "--")
		if got := suffer(t, 20*time.Second, append(argv, grep...)...); got.status != 0 || got.out != want.out {
			t.Errorf("%v: status %d\n%s%s\nwithout portguard:\n%s", flags, got.status, got.out, got.errs, want.out)
		}
	}
}

// What the kernel does to a process that executes a file with capabilities is done to portguard, and stays: the ambient
// set is empty afterwards. So a service that has AmbientCapabilities= is not to be started by such a portguard.
func TestFileCapabilitiesCostTheAmbientSet(t *testing.T) {
	with, without := capable(t, fileCapabilities), binary(t)
	prefix := asNobody("--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service")
	for portguard, want := range map[string]string{with: "0000000000000000", without: "0000000000000400"} {
		got := suffer(t, 20*time.Second, append(prefix, portguard, "-p", "40312", "--", "grep", "CapAmb", "/proc/self/status")...)
		if got.out != "CapAmb:\t"+want+"\n" {
			t.Errorf("%s: %q, want %s", portguard, got.out, want)
		}
	}
}

// Which capability lets an ordinary user do what to root's process: the table of docs/security.md.
func TestWhatEachCapabilityAllows(t *testing.T) {
	l := newLadder(t)
	const see = "cap_sys_ptrace,cap_dac_read_search"
	for _, tt := range []struct {
		capabilities string
		rungs        map[string]int
	}{
		{"cap_net_admin", map[string]int{"--share": cli.ExitNoPerm, "--close": cli.ExitNoPerm, "--kill": cli.ExitNoPerm}},
		{"cap_sys_ptrace", map[string]int{"--share": cli.ExitNoPerm, "--close": cli.ExitNoPerm, "--kill": cli.ExitNoPerm}},
		{"cap_kill", map[string]int{"--kill": cli.ExitNoPerm}},
		{see, map[string]int{"--share": cli.ExitOK, "--close": cli.ExitOK, "--kill": cli.ExitNoPerm}},
		{see + ",cap_net_admin", map[string]int{"--share": cli.ExitOK, "--close": cli.ExitOK, "--kill": cli.ExitNoPerm}},
		{see + ",cap_kill", map[string]int{"--kill": cli.ExitOK}},
	} {
		t.Run(tt.capabilities, func(t *testing.T) {
			portguard := capable(t, tt.capabilities+"+ep")
			for rung, status := range tt.rungs {
				port := l.port()
				holder := l.take(t, l.rig.Hold(t, port, pooled(loopback4)))
				a := suffer(t, 20*time.Second, append(asNobody(), portguard, rung, "-p", number(port))...)
				a.honest(t, status)
				if holder.running() == (rung == "--kill" && status == cli.ExitOK) {
					t.Errorf("%s: the holder runs: %v\n%s", rung, holder.running(), a.text())
				}
			}
		})
	}
}

// A set-user-ID portguard would be a shell of root's for everybody: it does nothing.
func TestSetuidIsRefused(t *testing.T) {
	nstest.Root(t)
	for bit, mode := range map[string]os.FileMode{"set-user-ID": os.ModeSetuid, "set-group-ID": os.ModeSetgid} {
		path := copyOf(t, binary(t))
		if err := os.Chmod(path, mode|0o755); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"-p", "40313"}, {"-p", "40313", "--", "id"}, {"--restart", "no", "-p", "40313", "--", "id"}, {"reserve", "40313"}} {
			a := suffer(t, 20*time.Second, append(asNobody(path), args...)...)
			a.honest(t, cli.ExitNoPerm)
			a.says(t, "^portguard: portguard is installed "+bit+", .* chmod a-s")
		}
		// For its owner the bit has no effect.
		suffer(t, 20*time.Second, path, "-p", "40313").honest(t, cli.ExitOK)
	}
}

// The environment of a caller of whom portguard has more rights cannot make it do anything: what it names is spoken to, and
// trusted with nothing.
func TestEnvironmentOfThePrivileged(t *testing.T) {
	portguard := capable(t, fileCapabilities)
	a := suffer(t, 20*time.Second, append([]string{"env",
		"DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere", "NOTIFY_SOCKET=/nowhere", "LISTEN_PID=1", "LISTEN_FDS=60000", "LISTEN_FDNAMES=\x1b[2J",
		"JOURNAL_STREAM=1:1", "SYSTEMD_EXEC_PID=1", "COLUMNS=-1", "GODEBUG=execerrdot=0", "GOTRACEBACK=crash", "PATH=/nowhere:/usr/bin:/bin", "LD_PRELOAD=/nowhere"},
		append(asNobody(portguard, "-v", "--wait", "50ms", "-p", "40314", "--", "sh", "-c"), "grep CapPrm /proc/$$/status")...)...)
	a.honest(t, cli.ExitOK)
	if a.out != "CapPrm:\t0000000000000000\n" {
		t.Errorf("%q", a.text())
	}
}
