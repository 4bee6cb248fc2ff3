package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
)

const reservedSet = "net.ipv4.ip_local_reserved_ports = "

func TestReserveAndReleaseUndoEachOther(t *testing.T) {
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.d/10-theirs.conf", reservedSet+"8080\n")
	if err := portrange.SetReserved(portrange.Of(8080)); err != nil {
		t.Fatal(err)
	}
	says(t, r.runs(t, 0, "reserve", "--dry-run", "30010"), "- 8080\n+ 8080,30010\n", "+ # portguard reserves: 30010\n")
	kernelHas(t, "8080")
	if got := r.dropin(t); got != "" {
		t.Errorf("a dry run has written\n%s", got)
	}

	says(t, r.runs(t, 0, "reserve", "30010,30000-30002"), "reserved 30000-30002,30010\n", "8080,30000-30002,30010, was 8080", reserved.Path+" is written")
	kernelHas(t, "8080,30000-30002,30010")
	if got := r.afterBoot(t); got != "8080,30000-30002,30010" {
		t.Errorf("after a boot: %s", got)
	}
	says(t, r.runs(t, 0, "reserve", "30010"), "nothing to reserve")
	says(t, r.runs(t, 0, "reserve"), "now     8080,30000-30002,30010\n", "boot    8080,30000-30002,30010\n", "8080 by /etc/sysctl.d/10-theirs.conf:1\n")

	says(t, r.runs(t, 0, "release", "8080,30000-30010"), "8080 stays reserved: /etc/sysctl.d/10-theirs.conf:1 has it")
	kernelHas(t, "8080")
	if got := r.dropin(t); got != "" {
		t.Errorf("the file is still there:\n%s", got)
	}
	left, err := os.ReadDir(r.Path("/etc/sysctl.d"))
	if err != nil || len(left) != 1 {
		t.Errorf("left in sysctl.d: %v, %v", left, err)
	}
}

// Whatever is reserved and released: the kernel, the file and what both programs make of it agree with a model of two sets.
func TestAnySequenceAgreesWithTheModel(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after string // ports in files before and behind ours
	}{
		{"alone", "", ""},
		{"a file before ours", "8080,30003", ""},
		{"a file behind ours", "", "9090"},
		{"files on both sides", "8080", "9090,30002"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newSysctlRig(t)
			theirs := tt.before
			if tt.before != "" {
				r.Write(t, "/usr/lib/sysctl.d/50-before.conf", reservedSet+tt.before+"\n")
			}
			if tt.after != "" {
				theirs = tt.after
				r.Write(t, "/etc/sysctl.d/zzz-behind.conf", reservedSet+tt.after+"\n")
			}
			others, err := portrange.ParseSet(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if err := portrange.SetReserved(others); err != nil {
				t.Fatal(err)
			}
			var now, boot portrange.Set // ours
			rnd := rand.New(rand.NewPCG(5, uint64(len(tt.name))))
			for range 8 {
				low := uint16(30000 + rnd.IntN(6))
				ports := portrange.Set{{Low: low, High: low + uint16(rnd.IntN(3))}}
				args := []string{[]string{"reserve", "release"}[rnd.IntN(2)], ports.String()}
				change := portrange.Set.Union
				if args[0] == "release" {
					change = portrange.Set.Minus
				}
				switch rnd.IntN(4) {
				case 0:
					args = append(args, "--runtime")
					now = change(now, ports)
				case 1:
					args = append(args, "--persist")
					boot = change(boot, ports)
				default:
					now, boot = change(now, ports), change(boot, ports)
				}
				out := r.runs(t, 0, args...)
				kernelHas(t, now.Union(others).String())
				want := boot.Union(others)
				if tt.after != "" {
					want = others // the file behind ours has the last word, and that is said
					if lost := boot.Minus(others); len(lost) > 0 {
						says(t, out, "/etc/sysctl.d/zzz-behind.conf:1 comes after", lost.String()+" is not reserved after the next boot")
					}
				}
				if got := r.afterBoot(t); got != want.String() {
					t.Fatalf("portguard %s: after a boot %q, want %q\n%s", strings.Join(args, " "), got, want, r.dropin(t))
				}
			}
			if len(now.Union(boot)) > 0 {
				r.runs(t, 0, "release", now.Union(boot).String())
			}
			kernelHas(t, others.String())
			if got := r.dropin(t); got != "" {
				t.Errorf("left:\n%s", got)
			}
		})
	}
}

func TestReserveAtTheSameTimeLosesNothing(t *testing.T) {
	r := newSysctlRig(t)
	var all portrange.Set
	var waits []func() (int, string)
	for i := range 8 {
		port := uint16(30000 + 2*i)
		all = all.Add(port)
		waits = append(waits, r.Start(t, r.portguard, "reserve", number(port)))
	}
	for _, wait := range waits {
		if status, out := wait(); status != 0 {
			t.Errorf("exit status %d\n%s", status, out)
		}
	}
	kernelHas(t, all.String())
	says(t, r.dropin(t), "# portguard reserves: "+all.String()+"\n", reservedSet+all.String()+"\n")
}

func TestReserveLeavesGarbageOfOthersAlone(t *testing.T) {
	r := newSysctlRig(t)
	const theirs = "# ours\n" + reservedSet + "\"8080\"\n" + reservedSet + "80 443\n"
	r.Write(t, "/etc/sysctl.d/20-bad.conf", theirs)
	says(t, r.runs(t, 0, "reserve", "30010"), "/etc/sysctl.d/20-bad.conf:2: the kernel refuses", "/etc/sysctl.d/20-bad.conf:3: the kernel refuses \"80 443\"")
	if b, err := os.ReadFile(r.Path("/etc/sysctl.d/20-bad.conf")); err != nil || string(b) != theirs {
		t.Errorf("their file is now %q, %v", b, err)
	}
	if got := r.afterBoot(t); got != "30010" {
		t.Errorf("after a boot: %q", got)
	}
}

func TestReserveSaysWhatSysctlConfTakesBack(t *testing.T) {
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.conf", "# host\n"+reservedSet+"8080\n")
	if err := os.Symlink("../sysctl.conf", r.Path("/etc/sysctl.d")+"/99-sysctl.conf"); err != nil {
		if err := os.MkdirAll(r.Path("/etc/sysctl.d"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../sysctl.conf", filepath.Join(r.Path("/etc/sysctl.d"), "99-sysctl.conf")); err != nil {
			t.Fatal(err)
		}
	}
	out := r.runs(t, 0, "reserve", "30010")
	says(t, out, "/etc/sysctl.conf:2 comes after", "with sysctl --system it has the last word: 30010 is not reserved")
	if strings.Contains(out, "with systemd-sysctl") {
		t.Errorf("systemd-sysctl applies ours last:\n%s", out)
	}
}

// What is said of the next boot is so, and what is advised helps: a port that a file has is not one that no file has.
func TestReserveTellsWhatTheNextBootLosesAndWhy(t *testing.T) {
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.d/10-first.conf", reservedSet+"9000\n")
	r.Write(t, "/etc/sysctl.d/20-second.conf", reservedSet+"8080\n")
	if err := portrange.SetReserved(portrange.Of(8080, 9000, 9100)); err != nil {
		t.Fatal(err)
	}
	says(t, r.runs(t, 0, "reserve"), "        without 9000,9100, reserved until then only: portguard reserve 9000,9100\n")
	r.runs(t, 0, "reserve", "9000,9100")
	if out := r.runs(t, 0, "reserve"); strings.Contains(out, "without") {
		t.Errorf("after what was advised:\n%s", out)
	}
	r.Write(t, "/etc/sysctl.d/zzz-last.conf", reservedSet+"8080\n")
	out := r.runs(t, 0, "reserve")
	says(t, out, "        without 9000,9100, reserved until then only: /etc/sysctl.d/zzz-last.conf:1 has the last word, and does not have it\n")
	if strings.Contains(out, "portguard reserve 9") {
		t.Errorf("advised in vain:\n%s", out)
	}
	if got := r.afterBoot(t); got != "8080" {
		t.Errorf("after a boot: %s", got)
	}
}

// A pipe among the files of settings would keep whoever reads it, and with the lock everybody else, until somebody writes to it.
func TestReserveDoesNotWaitForAPipe(t *testing.T) {
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.d/10-theirs.conf", "")
	pipe := r.Path("/etc/sysctl.d/60-pipe.conf")
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	says(t, r.runs(t, cli.ExitOSErr, "reserve", "30010"), "60-pipe.conf: it is no regular file\n")
	kernelHas(t, "")
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	r.runs(t, 0, "reserve", "30010")
}

func TestReserveOnAFullDisk(t *testing.T) {
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.d/10-theirs.conf", "")
	r.Before = `mount -t tmpfs -o size=4k full "$R/etc/sysctl.d"; echo "` + reservedSet + `8080" > "$R/etc/sysctl.d/10.conf"`
	says(t, r.runs(t, 71, "reserve", "30010"), "no space left on device")
	kernelHas(t, "")
	r.Before += `; exec chroot "$R" sh -c '/test/program reserve 30010; ls -A /etc/sysctl.d'`
	_, out := r.RunTest(t, r.portguard)
	if !strings.HasSuffix(out, "\n10.conf\n") {
		t.Errorf("more is left than was there:\n%s", out)
	}
}

func TestReserveWithoutTheRight(t *testing.T) {
	t.Run("not root", func(t *testing.T) {
		r := newSysctlRig(t)
		r.Prefix = []string{"setpriv", "--reuid", "65534", "--clear-groups"}
		if status, out := r.Run(t, "true"); status != 0 {
			t.Skipf("nobody else to be here: %s", out)
		}
		says(t, r.runs(t, 77, "reserve", "30010"), "only root may change net.ipv4.ip_local_reserved_ports", "hint: sudo portguard reserve 30010\n")
		says(t, r.runs(t, 0, "reserve", "--dry-run", "30010"), "+ 30010\n")
		says(t, r.runs(t, 0, "--reserve", "-p", "30010"), "30010 is not reserved: that takes root", "30010/tcp is free")
		kernelHas(t, "")
	})
	t.Run("read-only /proc/sys", func(t *testing.T) {
		r := newSysctlRig(t)
		r.Before = `mount --bind "$R/proc/sys" "$R/proc/sys"; mount -o remount,ro,bind "$R/proc/sys"`
		if status, out := r.Run(t, "true"); status != 0 {
			t.Skipf("/proc/sys cannot be mounted anew here: %s", out)
		}
		says(t, r.runs(t, 77, "reserve", "30010"), "/proc/sys is read-only here", "docker run --sysctl net.ipv4.ip_local_reserved_ports=30010 ",
			"    - name: net.ipv4.ip_local_reserved_ports\n      value: \"30010\"\n")
		if got := r.dropin(t); got != "" {
			t.Errorf("half of it is done:\n%s", got)
		}
		r.runs(t, 0, "reserve", "--persist", "30010")
		says(t, r.runs(t, 0, "--reserve", "-p", "30012"), "30012 is not reserved: /proc/sys is read-only here")
		says(t, r.runs(t, 77, "range", "20000-60999"), "docker run --sysctl 'net.ipv4.ip_local_port_range=20000 60999' ", `value: "20000 60999"`)
	})
}

func TestReserveRefusesBadPorts(t *testing.T) {
	r := newSysctlRig(t)
	for args, want := range map[string]string{
		"reserve 30100-30000":    "hint: portguard reserve 30000-30100",
		"reserve 0":              "port 0",
		"reserve 65536":          "above 65535",
		"reserve 30010/udp":      "both protocols",
		"reserve 127.0.0.1:80":   "every address",
		"release":                "which ports",
		"reserve 1024-65535":     "that leaves 0 ports",
		"range 60999-32768":      "the wrong way round",
		"range 1-65535":          "begins below net.ipv4.ip_unprivileged_port_start (1024)",
		"range 40000-40100":      "leaves 101 ports",
		"range 30000-31000,2000": "is not a range: LOW-HIGH, two ports",
	} {
		says(t, r.runs(t, 64, strings.Fields(args)...), want)
	}
	kernelHas(t, "")
}

func TestReserveNamesClients(t *testing.T) {
	l := newLadder(t)
	r := newSysctlRig(t)
	port := l.port()
	held := l.rig.Hold(t, port, pooled(loopback4))
	l.take(t, held)
	says(t, r.runs(t, 0, "reserve", number(port)), fmt.Sprintf("%d/tcp is taken already, and stays so: keeper (pid ", port), fmt.Sprintf("hint: portguard --share -p %d -- COMMAND", port))
}

func TestReserveFlagOfTheMainCommand(t *testing.T) {
	r := newSysctlRig(t)
	says(t, r.runs(t, 0, "--reserve", "--dry-run", "-p", "30610"), "would reserve 30610 until the next boot")
	dry := r.runs(t, 0, "--reserve", "--dry-run", "-p", "30610", "--", "/bin/echo", "started")
	says(t, dry, "30610/tcp is free\n", "portguard: would reserve 30610 until the next boot\n", "portguard: would start: /bin/echo started\n")
	says(t, r.runs(t, 0, "--json", "--reserve", "--dry-run", "-p", "30610", "--", "/bin/echo", "started"), `"reserved":false`, `"would_reserve":"30610"`)
	kernelHas(t, "")
	says(t, r.runs(t, 0, "--reserve", "-p", "30610-30611", "--", "/bin/echo", "started"), "started\n", "portguard: reserved 30610-30611 until the next boot")
	kernelHas(t, "30610-30611")
	if out := r.runs(t, 0, "--reserve", "-p", "30610", "--", "/bin/echo", "again"); out != "again\n" {
		t.Errorf("the second time:\n%s", out)
	}
	says(t, r.runs(t, 0, "--reserve", "--json", "-p", "30612"), `"reserved":true`)
}

// The host needs ports for its own connections. A start is not broken for that: the reservation alone is not made.
func TestReserveFlagLeavesPortsForOthers(t *testing.T) {
	r := newSysctlRig(t)
	setRange(t, 14000, 16000)
	const few = "14000-15000 is not reserved: that leaves 1000 ports of ip_local_port_range 14000-16000 for outgoing connections, fewer than 1024 (--force does it)"
	for _, line := range []string{"--reserve -p 14000-15000", "--reserve --dry-run -p 14000-15000",
		"--reserve -p 14000-15000 -- echo started", "--reserve --restart no -p 14000-15000 -- echo started"} {
		says(t, r.runs(t, 0, strings.Fields(line)...), few)
		kernelHas(t, "")
	}
	says(t, r.runs(t, 64, "reserve", "14000-15000"), "that leaves 1000 ports")
	says(t, r.runs(t, 0, "--reserve", "-p", "14000-14976"), "reserved 14000-14976") // 1024 are left
	kernelHas(t, "14000-14976")
	says(t, r.runs(t, 0, "--reserve", "--force", "-p", "14000-16000"), "reserved 14977-16000")
	kernelHas(t, "14000-16000")
}
