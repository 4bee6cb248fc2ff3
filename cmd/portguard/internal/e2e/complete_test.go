package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
	"portguard/netdiag/holders"
)

// completions asks the program as the scripts of the shells do, and returns what it offers and what the shell is to do.
func completions(t *testing.T, args ...string) (offers []string, directive string) {
	t.Helper()
	out, err := exec.Command(binary(t), append([]string{cobra.ShellCompRequestCmd}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	last := len(lines) - 1
	return lines[:last], lines[last]
}

func TestCompletionOffers(t *testing.T) {
	binary(t) // while PATH leads to the compiler
	bin := t.TempDir()
	for name, mode := range map[string]os.FileMode{"orderd": 0o755, "order.conf": 0o644} {
		if err := os.WriteFile(filepath.Join(bin, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	const noFiles, files, noSpace = ":4", ":0", ":6"
	for _, tt := range []struct {
		name      string
		line      []string
		want      []string // names alone
		directive string
	}{
		{"commands", []string{"re"}, []string{"ready", "release", "reserve"}, noFiles},
		{"commands of a command", []string{"unit", ""}, []string{"install", "remove", "show"}, noFiles},
		{"nothing hidden", []string{"becom"}, nil, noFiles},
		{"flags", []string{"--kill"}, []string{"--kill", "--kill-listeners"}, noFiles},
		{"flags of a command", []string{"unit", "install", "--as"}, []string{"--as-user", "--as"}, noFiles},
		{"the alternatives in a flag's usage", []string{"--restart", ""}, []string{"no", "on-failure", "always"}, noFiles},
		{"and behind an equals sign", []string{"--reuseaddr="}, []string{"yes", "no"}, noFiles},
		{"--hold", []string{"--hold", ""}, []string{"exec", "fdstore", "none"}, noFiles},
		{"--as", []string{"unit", "install", "order", "--as", ""}, []string{"pre", "wrapper"}, noFiles},
		{"--only", []string{"--only", ""}, []string{"user=", "unit=", "user-unit=", "exe="}, noSpace},
		{"a duration", []string{"--grace", ""}, []string{"10s", "30s", "2m"}, noFiles},
		{"a duration of audit's", []string{"audit", "--downtime", ""}, []string{"10s", "30s", "2m"}, noFiles},
		{"how long to wait", []string{"ready", "--wait", ""}, []string{"10s", "30s", "2m", "forever"}, noFiles},
		{"--ready", []string{"unit", "install", "order", "--ready", ""}, []string{"10s", "30s", "2m", "forever"}, noFiles},
		{"--stop-signal", []string{"--stop-signal", ""}, []string{"QUIT", "HUP", "USR1", "USR2", "WINCH"}, noFiles},
		{"--restart-limit", []string{"--restart-limit", ""}, []string{"5/1m", "1/30s", "none"}, noFiles},
		{"a user", []string{"--as-user", "roo"}, []string{"root"}, noFiles},
		{"a user of --only", []string{"--only", "user=roo"}, []string{"user=root"}, noFiles},
		{"no namespace that there is not", []string{"--netns", "no-such"}, nil, noFiles},
		{"the file of a namespace", []string{"hold", "--netns", "/proc/"}, nil, files},
		{"a file to write to", []string{"audit", "--output", ""}, nil, files},
		{"no COMMAND without --", []string{"-p", "1", "ord"}, nil, noFiles},
		{"programs behind --", []string{"-p", "1", "--", "ord"}, []string{"orderd"}, files},
		{"programs behind a leading --, and no command of ours", []string{"--", "ord"}, []string{"orderd"}, files},
		{"none of ours whose name fits", []string{"--", "re"}, nil, files},
		{"files behind a program that is called as a command of ours", []string{"--", "hold", ""}, nil, files},
		{"files behind the program", []string{"-p", "1", "--", "orderd", ""}, nil, files},
		{"a path behind --", []string{"-p", "1", "--", "/"}, nil, files},
		{"the program's own flags are not ours", []string{"-p", "1", "--", "orderd", "--h"}, nil, files},
		{"shells", []string{"completion", ""}, []string{"bash", "zsh", "fish"}, noFiles},
		{"commands to help with", []string{"help", "unit", ""}, []string{"install", "remove", "show"}, noFiles},
	} {
		t.Run(tt.name, func(t *testing.T) {
			offers, directive := completions(t, tt.line...)
			var got []string
			for _, o := range offers {
				name, _, _ := strings.Cut(o, "\t")
				got = append(got, name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if directive != tt.directive {
				t.Errorf("directive %s, want %s", directive, tt.directive)
			}
		})
	}
}

// What a flag does is said without the quotes by which help knows what it takes.
func TestCompletionSaysWhatFlagsDo(t *testing.T) {
	for _, tt := range []struct {
		line []string
		want string
	}{
		{[]string{"--grace"}, "--grace\twith --kill: send SIGKILL after DURATION"},
		{[]string{"unit", "install", "order", "--as"}, "--as\twhere portguard stands: before the service's command, or in front of it, pre|wrapper"},
	} {
		if offers, _ := completions(t, tt.line...); !slices.Contains(offers, tt.want) {
			t.Errorf("%q: %q", tt.line, offers)
		}
	}
}

// A port is offered with the name of who has it.
func TestCompletionOffersPortsInUse(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:40301")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := net.ListenPacket("udp4", "127.0.0.1:40302")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	client := holders.New(t).Hold(t, 40303, pooled(loopback4))
	keep(t, client, "x\ty")

	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	listens := fmt.Sprintf("%s (pid %d) listens", strings.TrimSpace(string(comm)), os.Getpid())
	for _, tt := range []struct {
		typed string
		want  []string
	}{
		{"40301", []string{"40301\t" + listens}},
		{"40302", []string{"40302/udp\t" + listens}},
		{"80,403", []string{"80,40301\t" + listens, "80,40302/udp\t" + listens, "80,40303\t" + `x\ty`}},
	} {
		offers, directive := completions(t, "-p", tt.typed)
		for i, o := range offers { // who the connection goes to differs from run to run
			if before, _, found := strings.Cut(o, " (pid"); found && strings.HasPrefix(o, "80,40303") {
				offers[i] = before
			}
		}
		if diff := cmp.Diff(tt.want, offers); diff != "" || directive != ":36" {
			t.Errorf("%s: directive %s (-want +got)\n%s", tt.typed, directive, diff)
		}
	}
}

// Services are those of a real systemd, with all of it that completes, removes and is packaged.
func TestCompletionOffersServices(t *testing.T) {
	t.Parallel() // a system of its own
	r := bootUnitRig(t, "")
	r.Unit(t, "order.service", "[Service]\nExecStart=/usr/local/bin/orderd 30010\n")
	r.Unit(t, "order@.service", "[Service]\nExecStart=/usr/local/bin/orderd 3001%i\n")
	r.Shell(t, "systemctl daemon-reload; systemctl start order@1")
	offers := func(args ...string) string {
		return strings.TrimSuffix(r.Shell(t, "portguard __complete "+strings.Join(args, " ")+" 2>/dev/null"), ":4\n")
	}
	for _, tt := range []struct{ line, want string }{
		{"unit install ord", "order.service\norder@1.service\n"},
		{"unit install order ord", ""},
		{"--only unit=ord", "unit=order.service\nunit=order@1.service\n"},
		{"unit remove ''", ""},
	} {
		if got := offers(tt.line); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
	}
	r.succeeds(t, "unit", "install", "order", "-p", "30010")
	if got := offers("unit show ''"); got != "order.service\n" {
		t.Errorf("guarded services: %q", got)
	}
	if err := obeys("units", []byte(r.succeeds(t, "unit", "show", "--json"))); err != nil {
		t.Error(err)
	}
	t.Run("remove --all", r.testRemoveAll)
}

// What is removed with all is what this very program would start, and nothing of another's.
func (r unitRig) testRemoveAll(t *testing.T) {
	r.succeeds(t, "unit", "remove", "order")
	r.Shell(t, "cp /usr/local/bin/portguard /usr/local/bin/other")
	r.Unit(t, "foreign.service", "[Service]\nExecStart=/usr/local/bin/orderd 30012\n")
	r.Unit(t, "foreign.service.d/zz-portguard.conf", "[Service]\nNice=1\n")
	r.Unit(t, "second.service", "[Service]\nExecStart=/usr/local/bin/orderd 30013\n")
	r.Shell(t, "systemctl daemon-reload", "other unit install second -p 30013")
	want := r.settings(t)
	r.succeeds(t, "unit", "install", "order", "-p", "30010")
	r.succeeds(t, "unit", "install", "order@2", "-p", "30012", "--as", "wrapper")

	out := r.succeeds(t, "unit", "remove", "--all")
	for _, text := range []string{
		"removed /etc/systemd/system/order.service.d/zz-portguard.conf\n", "removed /etc/systemd/system/order@2.service.d/zz-portguard.conf\n",
		"left alone: /etc/systemd/system/foreign.service.d/zz-portguard.conf: this file was not written by portguard",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("%q is missing in\n%s", text, out)
		}
	}
	if diff := cmp.Diff(want, r.settings(t)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	if out := r.Shell(t, "systemctl cat order.service"); strings.Contains(out, "portguard") {
		t.Errorf("systemd still has it:\n%s", out)
	}
	if out := r.succeeds(t, "unit", "remove", "--all"); !strings.Contains(out, "no service is guarded by /usr/local/bin/portguard\n") {
		t.Errorf("again: %s", out)
	}
	if _, status := r.portguard(t, "unit", "remove", "--all", "order"); status != cli.ExitUsage {
		t.Errorf("with a UNIT: status %d", status)
	}
}

// The scripts do what they are for in the shells themselves, as they are installed.
func TestCompletionInShells(t *testing.T) {
	dir := t.TempDir()
	script := func(shell string) string {
		out, err := exec.Command(binary(t), "completion", shell).Output()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, map[string]string{"bash": "portguard", "zsh": "_portguard", "fish": "portguard.fish"}[shell])
		if err := os.WriteFile(path, out, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("PATH", filepath.Dir(binary(t))+":"+os.Getenv("PATH"))
	run := func(t *testing.T, argv ...string) string {
		out, err := exec.Command(argv[0], argv[1:]...).Output() // bash says that no key was pressed
		if err != nil {
			t.Fatalf("%q: %v", argv, err)
		}
		return string(out)
	}
	t.Run("bash", func(t *testing.T) {
		const library = "/usr/share/bash-completion/bash_completion"
		needs.File(t, library, "bash-completion")
		const typed = `. "$1"; . "$2"
			COMP_WORDS=(portguard unit install --as wr) COMP_CWORD=4 COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=32 COMP_TYPE=9
			__start_portguard
			printf '%s\n' "${COMPREPLY[@]}"`
		if got := run(t, "bash", "-c", typed, "bash", library, script("bash")); strings.TrimSpace(got) != "wrapper" {
			t.Errorf("bash completes %q", got)
		}
	})
	// The other two are read by their shells: there is no way to press a key in them.
	for shell, check := range map[string][]string{"zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}} {
		t.Run(shell, func(t *testing.T) {
			needs.Program(t, shell, shell)
			run(t, append(check, script(shell))...)
		})
	}
}
