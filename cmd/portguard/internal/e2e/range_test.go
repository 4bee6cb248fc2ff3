package e2e

import (
	"net"
	"os"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/ports"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
)

func rangeIs(t *testing.T, low, high uint16) {
	t.Helper()
	if got, err := portrange.Ephemeral(); err != nil || got != (portrange.Range{Low: low, High: high}) {
		t.Errorf("the kernel's range is %v, %v", got, err)
	}
}

func TestRangeIsSetNowAndForTheNextBoot(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	r.Write(t, "/etc/sysctl.d/10-theirs.conf", "net.ipv4.ip_local_port_range = 1024 65000\n")
	says(t, r.runs(t, 0, "range"), "now        32768-60999\n", "boot       1024-65000 by /etc/sysctl.d/10-theirs.conf:1\n", "connect() even ports first")

	says(t, r.runs(t, 0, "range", "--dry-run", "40000-60999"), "- 32768-60999\n+ 40000-60999\n", "+ net.ipv4.ip_local_port_range = 40000 60999\n")
	rangeIs(t, 32768, 60999)
	says(t, r.runs(t, 0, "range", "40000-60999"), "range 40000-60999\n", "was 32768-60999")
	rangeIs(t, 40000, 60999)
	b, err := os.ReadFile(r.Path(ports.RangePath))
	if err != nil {
		t.Fatal(err)
	}
	says(t, string(b), "\nnet.ipv4.ip_local_port_range = 40000 60999\n")
	says(t, r.runs(t, 0, "range", "40000-60999"), "nothing to change")
	says(t, r.runs(t, 0, "range"), "boot       40000-60999 by "+ports.RangePath+":2\n")

	says(t, r.runs(t, 0, "range", "--runtime", "40001-60999"), "are both odd")
	if again, err := os.ReadFile(r.Path(ports.RangePath)); err != nil || string(again) != string(b) {
		t.Errorf("--runtime has written %q, %v", again, err)
	}
	r.Write(t, "/etc/sysctl.d/zzz-behind.conf", "net.ipv4.ip_local_port_range = 1024 65000\n")
	says(t, r.runs(t, 0, "range", "--persist", "40000-50001"), "/etc/sysctl.d/zzz-behind.conf:1 comes after "+ports.RangePath)
	rangeIs(t, 40001, 60999)
}

// The next boot is told as it will be: the kernel takes one number for the low end, and refuses what begins below the ports of root.
func TestRangeTellsWhatTheKernelTakesAtBoot(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	says(t, r.runs(t, 0, "range"), "boot       32768-60999, as the kernel starts: no file sets it\n")
	r.Write(t, "/etc/sysctl.d/10-low.conf", "net.ipv4.ip_local_port_range = 4000\n")
	says(t, r.runs(t, 0, "range"), "boot       4000-60999 by /etc/sysctl.d/10-low.conf:1\n")
	r.Write(t, "/etc/sysctl.d/10-low.conf", "net.ipv4.ip_local_port_range = 500 900\n")
	says(t, r.runs(t, 0, "range"), "boot       32768-60999, as the kernel starts: it refuses /etc/sysctl.d/10-low.conf:1\n",
		"portguard: /etc/sysctl.d/10-low.conf:1: the kernel refuses it at boot: 500-900 begins below net.ipv4.ip_unprivileged_port_start, which is 1024 then\n")

	nstest.Sysctl(t, "net.ipv4.ip_unprivileged_port_start", "0")
	says(t, r.runs(t, 0, "range", "--persist", "900-60999"), ports.RangePath+":2: the kernel refuses it at boot: 900-60999 begins below")
	r.Write(t, "/etc/sysctl.d/20-root.conf", "net.ipv4.ip_unprivileged_port_start = 0\n")
	if out := r.runs(t, 0, "range", "--persist", "900-60999"); strings.Contains(out, ports.RangePath+":2: the kernel refuses") {
		t.Errorf("by then it does not:\n%s", out)
	}
}

func TestRangeSaysWhoIsInsideAndOutside(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	if err := portrange.SetReserved(portrange.Of(40010)); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1:40010", "127.0.0.1:40012"} {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	client, err := net.Dial("tcp4", "127.0.0.1:40010")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	out := r.runs(t, 0, "range", "--dry-run", "40000-45001")
	says(t, out, "ports      5002, 1 of them reserved, ", "at risk    40012: services listen there", "reserved   40010 inside\n")
	if local := client.LocalAddr().(*net.TCPAddr); local.Port > 45001 || local.Port < 40000 {
		says(t, out, "outside    "+local.String()+" -> 127.0.0.1:40010  ESTABLISHED")
	}
	if strings.Contains(out, "outside    127.0.0.1:40010") {
		t.Errorf("the accepted end is a service's, whose port nobody picked:\n%s", out)
	}
}

func TestRangeRefusesFewerPortsThanAreInUse(t *testing.T) {
	setRange(t, 32768, 60999)
	r := newSysctlRig(t)
	for range 1100 {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	says(t, r.runs(t, 64, "range", "20000-21049"), "leaves 1050 ports, and 1100 are in use now", "hint: portguard range 32768-60999\n")
	rangeIs(t, 32768, 60999)
	r.runs(t, 0, "range", "--force", "--runtime", "20000-21049")
	rangeIs(t, 20000, 21049)
}
