package dropin

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/systemd"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What is written is what the golden files show, and it reads back as what it was.
func TestRender(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   DropIn
	}{
		{"pre", DropIn{Unit: "order.service", Pre: "+/usr/bin/portguard -p 30010 --share --wait 30s", OwnDir: true}},
		{"ready", DropIn{
			Unit: "order.service", Pre: "+/usr/bin/portguard -p 30010 --share --wait 30s",
			Post: "+/usr/bin/portguard ready --wait 30s -p 30010",
		}},
		{"wrapper", DropIn{Unit: "order@1.service", Exec: "-/usr/bin/portguard -p 30010 -- /usr/bin/java -jar \"my app.jar\" $OPTS %i", SyslogIdentifier: "java"}},
		{"fdstore", DropIn{
			Unit: "order.service", Exec: "/usr/bin/portguard -p 30010 --hold fdstore -- /usr/sbin/orderd -d",
			FDStoreMax: 4, NotifyAccess: "exec", OwnDir: true,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.in.Render()
			golden := filepath.Join("testdata", tt.name+".conf")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again, err := Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.in, again); diff != "" {
				t.Errorf("read back (-want +got)\n%s", diff)
			}
		})
	}
}

// What systemd runs, as it tells it: specifiers expanded, a $ that stands for itself still doubled.
func TestInForce(t *testing.T) {
	command := func(line string) systemd.Exec {
		words := strings.Fields(line)
		return systemd.Exec{Path: words[0], Args: words}
	}
	guard := command("/usr/bin/portguard -p 30010 --only exe=/opt/100%$$x --as-user ${USER}")
	pre := DropIn{Pre: "+/usr/bin/portguard -p 30010 --only exe=/opt/100%%$$x --as-user ${USER}"}
	wrapper := DropIn{Exec: "-/usr/bin/portguard -p 30010 -- /a --b"}
	looked := pre
	looked.Post = "+/usr/bin/portguard ready --wait 30s -p 30010"
	for _, tt := range []struct {
		name string
		in   DropIn
		svc  systemd.Service
		want bool
	}{
		{"before the command", pre, systemd.Service{ExecStartPre: []systemd.Exec{command("/bin/true"), guard}}, true},
		{"taken back", pre, systemd.Service{ExecStartPre: []systemd.Exec{command("/bin/true")}}, false},
		{"with other flags", pre, systemd.Service{ExecStartPre: []systemd.Exec{command("/usr/bin/portguard -p 30011")}}, false},
		{"with more flags", pre, systemd.Service{ExecStartPre: []systemd.Exec{{Path: guard.Path, Args: append(slices.Clone(guard.Args), "--share")}}}, false},
		{"another program of that name", pre, systemd.Service{ExecStartPre: []systemd.Exec{{Path: "/opt/portguard", Args: guard.Args}}}, false},
		{"in front of the command", wrapper, systemd.Service{ExecStart: []systemd.Exec{command("/usr/bin/portguard -p 30010 -- /a --b")}}, true},
		{"the command alone", wrapper, systemd.Service{ExecStart: []systemd.Exec{command("/a --b")}}, false},
		{"with a look at the end", looked, systemd.Service{ExecStartPre: []systemd.Exec{guard}, ExecStartPost: []systemd.Exec{command("/usr/bin/portguard ready --wait 30s -p 30010")}}, true},
		{"the look taken back", looked, systemd.Service{ExecStartPre: []systemd.Exec{guard}}, false},
		{"nothing of ours", DropIn{}, systemd.Service{ExecStartPre: []systemd.Exec{guard}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.in.InForce(tt.svc); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	ours := DropIn{Unit: "a.service", Pre: "+/x"}.Render()
	for _, tt := range []struct {
		name, text string
		foreign    bool
	}{
		{"nothing", "", true},
		{"somebody else's", "[Service]\nExecStartPre=+/usr/bin/portguard -p 1\n", true},
		{"our line further down", "# x\n" + ours, true},
		{"our line without a unit", firstLine + "\n[Service]\nExecStartPre=x\n", true},
		{"our command taken out", strings.Replace(ours, "ExecStartPre=", "# ExecStartPre=", 1), false},
		{"a number that is none", ours + "FileDescriptorStoreMax=many\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(tt.text); err == nil || errors.Is(err, ErrForeign) != tt.foreign {
				t.Errorf("got %v, foreign: want %v", err, tt.foreign)
			}
		})
	}
}

// Whatever is in a file, what was read of it can be written and read again.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.conf")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		in, err := Parse(text)
		// A command that would continue on the next line is none of ours.
		if err != nil || in.Pre != "" && in.Exec != "" || strings.Contains(in.Unit+in.Pre+in.Exec+in.Post+in.SyslogIdentifier+in.NotifyAccess, "\\") || strings.Contains(text, "\r") {
			return
		}
		again, err := Parse(in.Render())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, again); diff != "" {
			t.Errorf("(-read +read again)\n%s", diff)
		}
	})
}
