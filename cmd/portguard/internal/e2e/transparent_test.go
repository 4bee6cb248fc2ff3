package e2e

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// unstoppable are the signals that cannot be ignored or blocked.
const unstoppable = 1<<(unix.SIGKILL-1) | 1<<(unix.SIGSTOP-1)

// A service started through portguard is the same process as one started directly, in every respect that the kernel shows,
// but for the placeholder's fd.
func TestTransparent(t *testing.T) {
	requireEntry(t)
	root := []string{"uid=65534", "ambient=10"} // CAP_NET_BIND_SERVICE, as a unit with User= and AmbientCapabilities= has it
	for _, tt := range []struct {
		name  string
		start start
		key   string // what the case is about, as the service shows it that was started directly
		want  string
	}{
		{"plain", start{settings: env("PATH=/usr/bin:/bin", "LANG=C.UTF-8")}, "status SigIgn", signals()},

		{"nohup", start{via: []string{tool(t, "nohup")}}, "status SigIgn", signals(unix.SIGHUP)},
		{"background job of a script", start{via: []string{tool(t, "sh"), "-c", `"$@" & wait`, "sh"}, child: true},
			"status SigIgn", signals(unix.SIGINT, unix.SIGQUIT)},
		{"SIGPIPE ignored, as by systemd", start{settings: set("ignore=0x1000")}, "status SigIgn", signals(unix.SIGPIPE)},
		{"SIGCHLD ignored", start{settings: set("ignore=0x10000")}, "status SigIgn", signals(unix.SIGCHLD)},
		{"every signal ignored", start{settings: set("ignore=0xffffffffffffffff")}, "status SigIgn", "fffffffffffbfeff"},
		{"every signal blocked", start{settings: set("block=0xffffffffffffffff")}, "status SigBlk", "fffffffffffbfeff"},
		{"every signal ignored and blocked",
			start{settings: set("ignore=0xffffffffffffffff", "block=0xffffffffffffffff")}, "status SigIgn", "fffffffffffbfeff"},

		{"fd 0 closed", start{settings: set("close=0")}, "fd 0", ""},
		{"fd 1 closed", start{settings: set("close=1")}, "fd 1", ""},
		{"fd 2 closed", start{settings: set("close=2")}, "fd 2", ""},
		{"fds 0 to 2 closed", start{settings: set("close=0", "close=1", "close=2")}, "fd 0", ""},
		{"socket activation", start{settings: env("LISTEN_FDS=7", "LISTEN_PID=$PID"), files: sevenSockets},
			"environ", "LISTEN_FDS=7\x00LISTEN_PID=PID\x00"},
		{"pipes", start{files: pipes(0)}, "fd 1 O_NONBLOCK", "false"},
		{"pipes with O_NONBLOCK", start{files: pipes(unix.O_NONBLOCK)}, "fd 1 O_NONBLOCK", "true"},
		{"terminal", start{files: terminal(0)}, "fd 0 O_NONBLOCK", "false"},
		{"terminal with O_NONBLOCK", start{files: terminal(unix.O_NONBLOCK)}, "fd 0 O_NONBLOCK", "true"},
		{"controlling terminal", start{files: terminal(0), terminal: true}, "stat has terminal", "true"},

		{"soft RLIMIT_NOFILE", start{settings: set("nofile=64:4096")}, "limit Max open files", "64 4096 files"},
		{"hard RLIMIT_NOFILE", start{settings: set("nofile=64:64")}, "limit Max open files", "64 64 files"},
		{"soft one below hard", start{settings: set("nofile=255:256")}, "limit Max open files", "255 256 files"},
		{"other limits", start{settings: set("core=0:4096")}, "limit Max core file size", "0 4096 bytes"},

		{"empty environment", start{}, "environ", ""},
		{"duplicates, no '=', empty entries", start{settings: env("B=1", "A=", "B=2", "plain", "", "=x", "B=1")},
			"environ", "B=1\x00A=\x00B=2\x00plain\x00\x00=x\x00B=1\x00"},
		{"large environment", start{settings: env(largeEnviron()...)}, "environ", strings.Join(largeEnviron(), "\x00") + "\x00"},
		{"empty arguments", start{argv: []string{tool(t, "cat"), "-", "", "a b", "--", ""}, files: pipes(0)},
			"cmdline", tool(t, "cat") + "\x00-\x00\x00a b\x00--\x00\x00"},

		{"umask", start{settings: set("umask=0027")}, "status Umask", "0027"},
		{"nice", start{settings: set("nice=7")}, "stat nice", "7"},
		{"CPU affinity", start{settings: set("cpu=0")}, "status Cpus_allowed_list", "0"},
		{"ioprio best-effort 7", start{settings: set("ioprio=0x4007")}, "ioprio", "16391"},
		{"SCHED_BATCH", start{settings: set("policy=3:0")}, "stat policy", "3"},
		{"SCHED_FIFO, reset on fork", start{settings: set("policy=0x40000001:5")}, "stat rt priority", "5"},
		{"oom_score_adj", start{settings: set("oom_score_adj=500")}, "oom_score_adj", "500\n"},
		{"timer slack", start{settings: set("timerslack=123456")}, "timerslack_ns", "123456\n"},
		{"personality without address randomisation", start{settings: set("personality=0x40000")}, "personality", "00040000\n"},
		{"no_new_privs", start{settings: set("no_new_privs=1")}, "status NoNewPrivs", "1"},
		{"bounding set without CAP_MKNOD", start{settings: set("bounding=27")}, "status CapBnd", boundingWithout(t, 27)},
		{"ambient capability of root", start{settings: set("ambient=10")}, "status CapAmb", "0000000000000400"},

		{"ordinary user", start{settings: set("uid=65534")}, "status Uid", "65534\t65534\t65534\t65534"},
		{"ordinary user with an ambient capability", start{settings: root}, "status CapAmb", "0000000000000400"},
		{"ordinary user with everything", start{files: pipes(unix.O_NONBLOCK), settings: append(
			set("nofile=64:256", "umask=0077", "nice=3", "timerslack=70000", "ignore=0x1006", "block=0xffffffffffffffff",
				"uid=65534", "no_new_privs=1", "close=0"), env("A=1", "A=2")...)}, "status Groups", "65534 65535"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			direct := tt.start.observe(t, false)
			if got := direct[tt.key]; got != tt.want {
				t.Errorf("the case does not show: %s is %q, want %q", tt.key, got, tt.want)
			}
			guarded := tt.start.observe(t, true)
			guarded.takePlaceholder(direct)
			if diff := cmp.Diff(direct, guarded); diff != "" {
				t.Errorf("the service sees portguard (-direct +guarded)\n%s", diff)
			}
		})
	}
}

// Every signal by itself is ignored, and another one blocked: none takes a neighbour along.
func TestTransparentForEverySignal(t *testing.T) {
	requireEntry(t)
	for n := range 64 {
		var ignore, block uint64 = 1 << n, 1 << (63 - n)
		service := start{settings: set(fmt.Sprint("ignore=", ignore), fmt.Sprint("block=", block))}
		guarded := service.observe(t, true)
		for key, want := range map[string]uint64{
			"status SigIgn": ignore &^ unstoppable, "status SigBlk": block &^ unstoppable,
			"status SigCgt": 0, "status SigPnd": 0, "status ShdPnd": 0,
		} {
			if got := guarded[key]; got != fmt.Sprintf("%016x", want) {
				t.Errorf("%d ignored, %d blocked: %s is %s, want %016x", n+1, 64-n, key, got, want)
			}
		}
	}
}

// What only the process itself can ask for.
func TestTransparentToTheServiceItself(t *testing.T) {
	requireEntry(t)
	tests := []struct {
		name     string
		settings []string
		want     string
	}{
		{"plain", nil, "pdeathsig 0\n"},
		{"parent death signal", set("pdeathsig=10"), "pdeathsig 10\n"},
		{"pending alarm", set("alarm=60"), "alarm pending true\n"},
		{"securebits: no setuid fixup", set("securebits=4"), "securebits 4\n"},
		{"session keyring", set("keyring=1"), "session keyring keyring;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			service := start{settings: tt.settings, argv: []string{builds.build(t, "./testdata/transparent/report")}}
			output := func(guarded bool) string {
				cmd := service.command(t, guarded)
				out, err := cmd.CombinedOutput()
				if err != nil && cmd.ProcessState.ExitCode() == 77 && !guarded {
					t.Skipf("not to be had here: %s", out)
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				return string(out)
			}
			direct := output(false)
			if !strings.Contains(direct, tt.want) {
				t.Errorf("the case does not show: got %q, want %q in it", direct, tt.want)
			}
			if diff := cmp.Diff(direct, output(true)); diff != "" {
				t.Errorf("the service sees portguard (-direct +guarded)\n%s", diff)
			}
		})
	}
}

func requireEntry(t *testing.T) {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("portguard has no entry point of its own for " + runtime.GOARCH)
	}
}
