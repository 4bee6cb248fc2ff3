package reserved

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/netdiag/nstest"
	"portguard/netdiag/portrange"
	"portguard/netdiag/portrange/sysctld"
)

func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ports(t *testing.T, text string) portrange.Set {
	t.Helper()
	s, err := portrange.ParseSet(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, root string) State {
	t.Helper()
	s, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const assign = "net.ipv4.ip_local_reserved_ports = "

// What others reserve is in our file as well, and follows them: each time it is made anew.
func TestTheFileHasThePortsOfTheOthers(t *testing.T) {
	nstest.Sysctl(t, portrange.KernelReserved.Dotted(), "\n")
	root := t.TempDir()
	persist := Scope{Persist: true}
	write(t, root, "/etc/sysctl.d/10-a.conf", assign+"80\n")
	write(t, root, "/etc/sysctl.d/20-b.conf", assign+"8080,\n") // overrides the first, with us and without
	c := read(t, root).Reserve(ports(t, "30010"), persist)
	if err := c.Apply(root); err != nil {
		t.Fatal(err)
	}
	s := read(t, root)
	for _, p := range []sysctld.Program{sysctld.Systemd, sysctld.Procps} {
		if got := s.AtBoot(p).String(); got != "8080,30010" {
			t.Errorf("%s comes to %s", p, got)
		}
	}
	if c := s.Reserve(ports(t, "30010"), persist); c.Persist() {
		t.Errorf("the second time changes the file:\n%s", c.FileAfter)
	}
	write(t, root, "/etc/sysctl.d/20-b.conf", assign+"9090\n")
	if c := read(t, root).Reserve(nil, persist); !strings.Contains(string(c.FileAfter), assign+"9090,30010\n") {
		t.Errorf("when the other file has changed:\n%s", c.FileAfter)
	}
	// Both want 9090: it stays when they let go of it, and they keep it when we do.
	if err := read(t, root).Reserve(ports(t, "9090"), persist).Apply(root); err != nil {
		t.Fatal(err)
	}
	if got := read(t, root).Release(ports(t, "30010"), persist).FileAfter; !strings.Contains(string(got), ownLine+"9090\n") {
		t.Errorf("ours after a release:\n%s", got)
	}
}

func TestLostPorts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"none", map[string]string{"/etc/sysctl.d/99-sysctl.conf": assign + "80"}, nil},
		{"a file behind ours", map[string]string{"/etc/sysctl.d/zzz.conf": "\n" + assign + "80"},
			[]string{"systemd-sysctl /etc/sysctl.d/zzz.conf:2 30010-30011", "sysctl --system /etc/sysctl.d/zzz.conf:2 30010-30011"}},
		{"which has one of ours", map[string]string{"/etc/sysctl.d/zzz.conf": assign + "30010"},
			[]string{"systemd-sysctl /etc/sysctl.d/zzz.conf:1 30011", "sysctl --system /etc/sysctl.d/zzz.conf:1 30011"}},
		{"which has all of ours", map[string]string{"/etc/sysctl.d/zzz.conf": assign + "30000-31000"}, nil},
		{"which the kernel refuses", map[string]string{"/etc/sysctl.d/zzz.conf": assign + "80 81"}, []string{"systemd-sysctl /etc/sysctl.d/zzz.conf:1 30010-30011"}},
		{"which excludes the key", map[string]string{"/etc/sysctl.d/zzz.conf": "-net.ipv4.ip_local_reserved_ports"}, []string{"systemd-sysctl /etc/sysctl.d/zzz.conf:1 30010-30011"}},
		{"/etc/sysctl.conf", map[string]string{"/etc/sysctl.conf": assign + "80"}, []string{"sysctl --system /etc/sysctl.conf:1 30010-30011"}},
		{"a pattern behind ours", map[string]string{"/etc/sysctl.d/zzz.conf": "net.ipv4.ip_local_reserved_* = 80"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range tt.files {
				write(t, root, name, text)
			}
			var got []string
			for _, l := range read(t, root).Reserve(ports(t, "30010-30011"), Scope{Persist: true}).Lost() {
				got = append(got, l.Program.String()+" "+l.Line.Where()+" "+l.Ports.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAFileThatLostItsRecordIsNotGuessedAt(t *testing.T) {
	for name, text := range map[string]string{"no record": assign + "80\n", "not a list": ownLine + "eighty\n" + assign + "80\n"} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, Path, text)
			if _, err := Read(root); err == nil || !strings.Contains(err.Error(), Path) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// More than a page of separate ports: sysctl(8) would silently apply the beginning.
func TestTooLong(t *testing.T) {
	var many []uint16
	for port := uint16(10001); port < 20001; port += 2 {
		many = append(many, port)
	}
	s := read(t, t.TempDir())
	for n, want := range map[int]bool{1: false, 682: false, 683: true, len(many): true} {
		if got := s.Reserve(portrange.Of(many[:n]...), Scope{Persist: true}).TooLong(); got != want {
			t.Errorf("%d ports: too long: %v", n, got)
		}
	}
}
