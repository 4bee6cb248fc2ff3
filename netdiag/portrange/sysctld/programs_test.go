package sysctld

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
	"portguard/netdiag/portrange/sysctltest"
)

const (
	reservedKey  = "net/ipv4/ip_local_reserved_ports"
	reservedFile = "/proc/sys/" + reservedKey
	systemdPath  = "/lib/systemd/systemd-sysctl"
)

// portList is what the kernel takes for the values of these tests.
func portList(value string) bool { return !strings.ContainsAny(value, ` "x`) }

// applied is what each of the programs makes of the files below a root: "" when it sets nothing. Their exit statuses tell
// of lines that were refused, which is part of the tests.
func applied(t *testing.T, root *sysctltest.Root) map[Program]string {
	t.Helper()
	const script = `
	echo > $F; %s >/dev/null 2>&1; cat $F
	echo > $F; sysctl --system >/dev/null 2>&1; cat $F`
	status, out := root.Run(t, "sh", "-c", "F="+reservedFile+fmt.Sprintf(script, systemdPath))
	lines := strings.Split(out, "\n")
	if status != 0 || len(lines) != 3 {
		t.Fatalf("status %d\n%s", status, out)
	}
	return map[Program]string{Systemd: lines[0], Procps: lines[1]}
}

// programs skips where one of the two programs is not installed: what they do is the point of the tests.
func programs(t *testing.T) {
	t.Helper()
	needs.File(t, systemdPath, "systemd")
	needs.Program(t, "sysctl", "procps")
}

// compare checks what is predicted against what the programs do.
func compare(t *testing.T, root *sysctltest.Root) map[Program]string {
	t.Helper()
	did := applied(t, root)
	c, err := Read(root.Dir + "/view")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Program{Systemd, Procps} {
		line, ok := c.Value(p, reservedKey, portList)
		if !ok {
			line = Line{}
		}
		if did[p] != line.Value {
			t.Errorf("%s sets %q; predicted: %q, by %s", p, did[p], line.Value, line.Where())
		}
	}
	return did
}

// newRoot is a root with a view of it, in which the directories are where programs inside see them.
func newRoot(t *testing.T) *sysctltest.Root {
	t.Helper()
	root := sysctltest.New(t)
	for inside, outside := range map[string]string{"etc": "etc", "run": "run", "usr/local/lib": "local", "usr/lib/sysctl.d": "vendor"} {
		link := filepath.Join(root.Dir, "view", inside)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(root.Dir, outside), link); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestOrderIsThatOfThePrograms(t *testing.T) {
	programs(t)
	const set = "net.ipv4.ip_local_reserved_ports = "
	for _, tt := range []struct {
		name            string
		files           map[string]string
		systemd, procps string
	}{
		{"no file", nil, "", ""},
		{"by the names, across directories", map[string]string{
			"/etc/sysctl.d/10.conf": set + "1", "/usr/lib/sysctl.d/20.conf": set + "2", "/run/sysctl.d/15.conf": set + "3", "/usr/local/lib/sysctl.d/16.conf": set + "4",
		}, "2", "2"},
		{"/etc hides the same name elsewhere", map[string]string{"/etc/sysctl.d/50.conf": "# empty", "/usr/lib/sysctl.d/50.conf": set + "1"}, "", ""},
		{"/run hides it in /usr/local and /usr", map[string]string{
			"/run/sysctl.d/50.conf": set + "2", "/usr/local/lib/sysctl.d/50.conf": set + "3", "/usr/lib/sysctl.d/50.conf": set + "1",
		}, "2", "2"},
		{"/etc/sysctl.conf is the last for procps alone", map[string]string{"/etc/sysctl.conf": set + "1", "/etc/sysctl.d/zz.conf": set + "2"}, "2", "1"},
		{"names are compared as bytes", map[string]string{
			"/etc/sysctl.d/99.conf": set + "1", "/etc/sysctl.d/Zz.conf": set + "2", "/etc/sysctl.d/zz.conf": set + "3", "/etc/sysctl.d/~.conf": set + "4",
		}, "4", "4"},
		{"other names are no configuration", map[string]string{"/etc/sysctl.d/a": set + "1", "/etc/sysctl.d/a.conf.dpkg-old": set + "1"}, "", ""},
		{"slashes, and a dash", map[string]string{"/etc/sysctl.d/a.conf": "-net/ipv4/ip_local_reserved_ports=5"}, "5", "5"},
		{"no newline, carriage returns", map[string]string{"/etc/sysctl.d/a.conf": "\r\n" + set + "5\r"}, "5", "5"},
		{"comments", map[string]string{"/etc/sysctl.d/a.conf": "# " + set + "1\n ; " + set + "2"}, "", ""},
		{"the last line", map[string]string{"/etc/sysctl.d/a.conf": set + "1\n" + set + "2"}, "2", "2"},
		{"not an assignment", map[string]string{"/etc/sysctl.d/a.conf": set + "1\nnet.ipv4.ip_local_reserved_ports 2"}, "1", "1"},
		{"an empty list", map[string]string{"/etc/sysctl.d/a.conf": set + "1\n" + set}, "", ""},
		{"a refused value takes all from systemd, and nothing from procps", map[string]string{"/etc/sysctl.d/a.conf": set + "1\n" + set + `"2"`}, "", "1"},
		{"a pattern", map[string]string{"/etc/sysctl.d/a.conf": "net.ipv4.ip_local_reserved_p* = 9"}, "9", "9"},
		{"a pattern leaves alone what is named", map[string]string{
			"/etc/sysctl.d/a.conf": "net.ipv4.ip_local_reserved_p* = 8", "/etc/sysctl.d/b.conf": set + "7", "/etc/sysctl.d/c.conf": "net.ipv4.ip_local_reserved_p* = 9",
		}, "7", "7"},
		{"excluded from patterns", map[string]string{"/etc/sysctl.d/a.conf": "net.ipv4.ip_local_reserved_p* = 9\n-net.ipv4.ip_local_reserved_ports"}, "", ""},
		{"excluded after it was set: by systemd alone", map[string]string{"/etc/sysctl.d/a.conf": set + "7\n-net.ipv4.ip_local_reserved_ports"}, "", "7"},
		{"excluded before it is set", map[string]string{"/etc/sysctl.d/a.conf": "-net.ipv4.ip_local_reserved_ports\n" + set + "7"}, "7", "7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := newRoot(t)
			for name, text := range tt.files {
				root.Write(t, name, text)
			}
			want := map[Program]string{Systemd: tt.systemd, Procps: tt.procps}
			if diff := cmp.Diff(want, compare(t, root)); diff != "" {
				t.Errorf("(-want +set)\n%s", diff)
			}
		})
	}
}

// Any heap of files: what is predicted is what the programs do.
func TestAnyFilesArePredicted(t *testing.T) {
	programs(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	dirs := []string{"/etc/sysctl.d/", "/run/sysctl.d/", "/usr/local/lib/sysctl.d/", "/usr/lib/sysctl.d/"}
	names := []string{"10-a.conf", "50-b.conf", "99-c.conf", "zz-d.conf", "Z.conf"}
	keys := []string{"net.ipv4.ip_local_reserved_ports", "net/ipv4/ip_local_reserved_ports", "net.ipv4.ip_local_reserved_p*", "net.*.ip_local_reserved_ports", "net/ipv4/ip_local_[qr]eserved_ports"}
	for i := range 15 {
		root := newRoot(t)
		files := map[string]string{}
		for range rnd.IntN(5) {
			var text strings.Builder
			for range 1 + rnd.IntN(3) {
				key := keys[rnd.IntN(len(keys))]
				switch n := rnd.IntN(10); n {
				case 0:
					fmt.Fprintf(&text, "-%s\n", keys[rnd.IntN(2)])
				case 1:
					fmt.Fprintf(&text, "%s = \"80\"\n", key)
				case 2:
					fmt.Fprintf(&text, "# %s = 81\n;\n\n%s\n", key, key)
				default:
					fmt.Fprintf(&text, "%s=%d\n", key, 1000+rnd.IntN(1000))
				}
			}
			files[dirs[rnd.IntN(len(dirs))]+names[rnd.IntN(len(names))]] = text.String()
		}
		if rnd.IntN(3) == 0 {
			files["/etc/sysctl.conf"] = "net.ipv4.ip_local_reserved_ports = 77\n"
		}
		for name, text := range files {
			root.Write(t, name, text)
		}
		compare(t, root)
		if t.Failed() {
			for _, name := range slices.Sorted(maps.Keys(files)) {
				t.Logf("%s:\n%s", name, files[name])
			}
			t.Fatalf("heap %d", i)
		}
	}
}
