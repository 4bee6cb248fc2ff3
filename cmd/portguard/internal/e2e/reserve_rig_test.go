package e2e

import (
	"os"
	"strings"
	"testing"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/reserved"
	"portguard/netdiag/portrange/sysctltest"
)

// sysctlRig is a host's /etc to itself, and this namespace's reserved ports.
type sysctlRig struct {
	*sysctltest.Root
	portguard string
}

func newSysctlRig(t *testing.T) sysctlRig {
	t.Helper()
	nstest.Sysctl(t, portrange.KernelReserved.Dotted(), "\n")
	return sysctlRig{sysctltest.New(t), binary(t)}
}

// runs runs portguard and checks its exit status.
func (r sysctlRig) runs(t *testing.T, want int, args ...string) string {
	t.Helper()
	status, out := r.RunTest(t, r.portguard, args...)
	if status != want {
		t.Fatalf("portguard %s: exit status %d, want %d\n%s", strings.Join(args, " "), status, want, out)
	}
	return out
}

// says checks that an output has each of the texts.
func says(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("%q is not said in\n%s", text, out)
		}
	}
}

func (r sysctlRig) dropin(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(r.Path(reserved.Path))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(b)
}

func kernelHas(t *testing.T, want string) {
	t.Helper()
	got, err := portrange.Reserved()
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("the kernel has %q reserved, want %q", got, want)
	}
}

// afterBoot is what both programs make of the files, which has to be the same.
func (r sysctlRig) afterBoot(t *testing.T) string {
	t.Helper()
	const systemd = "/lib/systemd/systemd-sysctl"
	needs.File(t, systemd, "systemd")
	needs.Program(t, "sysctl", "procps")
	status, out := r.Run(t, "sh", "-c", "F=/proc/sys/net/ipv4/ip_local_reserved_ports; was=$(cat $F); echo > $F; "+
		systemd+" >/dev/null 2>&1; cat $F; echo > $F; sysctl --system >/dev/null 2>&1; cat $F; echo $was > $F")
	lines := strings.Split(out, "\n")
	if status != 0 || len(lines) != 3 || lines[0] != lines[1] {
		t.Errorf("status %d: systemd-sysctl and sysctl --system come to\n%s", status, out)
	}
	return lines[0]
}
