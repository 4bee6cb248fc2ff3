package bootrange

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
	"portguard/netdiag/portrange/sysctltest"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

const (
	set         = "net.ipv4.ip_local_port_range = "
	lowestPorts = "net.ipv4.ip_unprivileged_port_start = "
	systemdPath = "/lib/systemd/systemd-sysctl"
)

// applied is what each of the programs makes of the files below a root, as at boot: each begins with what the kernel does.
func applied(t *testing.T, root *sysctltest.Root) map[sysctld.Program]string {
	t.Helper()
	needs.File(t, systemdPath, "systemd")
	needs.Program(t, "sysctl", "procps")
	const script = `
	cd /proc/sys/net/ipv4
	begin() { echo 0 >ip_unprivileged_port_start; echo 32768 60999 >ip_local_port_range; echo 1024 >ip_unprivileged_port_start; }
	begin; %s >/dev/null 2>&1; cat ip_local_port_range
	begin; sysctl --system >/dev/null 2>&1; cat ip_local_port_range
	begin`
	status, out := root.Run(t, "sh", "-c", fmt.Sprintf(script, systemdPath))
	lines := strings.Split(strings.ReplaceAll(out, "\t", "-"), "\n")
	if status != 0 || len(lines) != 3 {
		t.Fatalf("status %d\n%s", status, out)
	}
	return map[sysctld.Program]string{sysctld.Systemd: lines[0], sysctld.Procps: lines[1]}
}

// predicted is the same, by reading.
func predicted(t *testing.T, root *sysctltest.Root) map[sysctld.Program]Boot {
	t.Helper()
	c, err := sysctld.Read(root.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return map[sysctld.Program]Boot{sysctld.Systemd: Of(c, sysctld.Systemd), sysctld.Procps: Of(c, sysctld.Procps)}
}

func TestBootIsWhatTheProgramsMakeOfIt(t *testing.T) {
	for _, tt := range []struct {
		name            string
		files           map[string]string
		systemd, procps string // the range, which line says so, and which are refused
	}{
		{"no file", nil, "32768-60999", "32768-60999"},
		{"a range", map[string]string{"a.conf": set + "1024 65000"}, "1024-65000 a.conf:1", "1024-65000 a.conf:1"},
		{"the low end alone", map[string]string{"a.conf": set + "4000"}, "4000-60999 a.conf:1", "4000-60999 a.conf:1"},
		{"the low end alone, of another range", map[string]string{"a.conf": set + "1024 50000", "b.conf": set + "4000"},
			"4000-60999 b.conf:1", "4000-50000 b.conf:1"},
		{"below the ports of root", map[string]string{"a.conf": set + "500 900"}, "32768-60999 !a.conf:1", "32768-60999 !a.conf:1"},
		{"which are fewer by then", map[string]string{"a.conf": lowestPorts + "400\n" + set + "500 900"}, "500-900 a.conf:2", "500-900 a.conf:2"},
		{"which are fewer too late", map[string]string{"a.conf": set + "500 900\n" + lowestPorts + "400"}, "32768-60999 !a.conf:1", "32768-60999 !a.conf:1"},
		{"said once more", map[string]string{"a.conf": lowestPorts + "400\n" + set + "500 900\n" + lowestPorts + "400"}, "500-900 a.conf:2", "500-900 a.conf:2"},
		{"more ports of root than the range leaves", map[string]string{"a.conf": lowestPorts + "40000\n" + set + "500 900"},
			"32768-60999 !a.conf:2", "32768-60999 !a.conf:2"},
		{"refused behind one that is not", map[string]string{"a.conf": set + "2000 3000\n" + set + "\"9\" 10"}, "32768-60999 !a.conf:2", "2000-3000 a.conf:1 !a.conf:2"},
		{"by a pattern", map[string]string{"a.conf": "net.ipv4.ip_local_port_r* = 2000 3000"}, "2000-3000 a.conf:1", "2000-3000 a.conf:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := sysctltest.New(t)
			for name, text := range tt.files {
				root.Write(t, "/etc/sysctl.d/"+name, text+"\n")
			}
			got, boot := map[sysctld.Program]string{}, predicted(t, root)
			for p, did := range applied(t, root) {
				b := boot[p]
				if did != b.Range.String() {
					t.Errorf("%s makes it %s, predicted: %s", p, did, b.Range)
				}
				got[p] = b.Range.String()
				if b.Line.Path != "" {
					got[p] += " " + strings.TrimPrefix(b.Line.Where(), "/etc/sysctl.d/")
				}
				for _, r := range b.Refused {
					got[p] += " !" + strings.TrimPrefix(r.Line.Where(), "/etc/sysctl.d/")
				}
			}
			want := map[sysctld.Program]string{sysctld.Systemd: tt.systemd, sysctld.Procps: tt.procps}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Any heap of lines: what is predicted is what the programs do.
func TestAnyFilesArePredicted(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	lines := []string{
		set + "2000 3000", set + "500 900", set + "4000", set + "700", set + "x", set + "900 500", set, "-net.ipv4.ip_local_port_range",
		"net.ipv4.ip_local_port_r* = 5000 6000", lowestPorts + "400", lowestPorts + "0", lowestPorts + "800", lowestPorts + "2500", lowestPorts + "x",
	}
	for i := range 20 {
		root := sysctltest.New(t)
		var all []string
		for _, name := range []string{"/etc/sysctl.d/10.conf", "/run/sysctl.d/20.conf", "/etc/sysctl.d/zz.conf", "/etc/sysctl.conf"}[:1+rnd.IntN(4)] {
			var text strings.Builder
			for range rnd.IntN(5) {
				text.WriteString(lines[rnd.IntN(len(lines))] + "\n")
			}
			root.Write(t, name, text.String())
			all = append(all, name+"\n"+text.String())
		}
		boot := predicted(t, root)
		for p, did := range applied(t, root) {
			if did != boot[p].Range.String() {
				t.Errorf("%d: %s makes it %s, predicted: %s\n%s", i, p, did, boot[p].Range, strings.Join(all, "\n"))
			}
		}
	}
}

// Whatever stands there, the range is one, and a line that is said to set it is about it.
func FuzzOf(f *testing.F) {
	f.Add(set+"1024 65000\n", lowestPorts+"0\n"+set+"5\n")
	f.Add("-net.ipv4.ip_local_port_range\n", "net.ipv4.* = 1 2\n")
	f.Fuzz(func(t *testing.T, first, main string) {
		c := sysctld.Config{Main: sysctld.Parse("/etc/sysctl.conf", []byte(main))}.With("/etc/sysctl.d/a.conf", []byte(first))
		for _, p := range []sysctld.Program{sysctld.Systemd, sysctld.Procps} {
			b := Of(c, p)
			if b.Range.Low == 0 || b.Range.High < b.Range.Low {
				t.Errorf("%s: %s", p, b.Range)
			}
			if (b.Line == sysctld.Line{}) && b.Range != (portrange.Range{Low: kernelLow, High: kernelHigh}) {
				t.Errorf("%s: %s, and no line says so", p, b.Range)
			}
		}
	})
}
