package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"portguard/cmd/portguard/internal/report"
	"portguard/cmd/portguard/internal/reporttest"
	"portguard/netdiag/holders"
)

// Whatever a process calls itself, nothing of it reaches the terminal raw.
func TestNamesOfProcessesAreMadeSafe(t *testing.T) {
	const port = "40201"
	portguard := binary(t)
	h := holders.New(t).Hold(t, 40201, pooled(loopback4))
	keep(t, h, reporttest.Hostile.Name, reporttest.Hostile.Args...)

	for _, tt := range []struct {
		name string
		args []string
		want string // in the output: otherwise the names did not come that far
	}{
		{"report", []string{"-p", port}, `holder  x\n30010 free\r`},
		{"verbose report", []string{"-v", "-p", port}, `\x1b[2J\x1b[1;31mroot`},
		{"in front of a command", []string{"-p", port, "--", "true"}, `\x1b[2J\x1b[1;31mroot`},
		{"wait", []string{"--wait", "100ms", "-p", port}, `: 40201/tcp: x\n30010 free\r`},
		{"dry run", []string{"--kill", "--dry-run", "-p", port}, `send SIGTERM to pid`},
		{"JSON", []string{"--json", "--kill", "--dry-run", "-p", port}, `"command":"x\n30010 free\r`},
		{"kill", []string{"--kill", "-p", port}, `sent SIGTERM to pid`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := launch(t, append([]string{portguard}, tt.args...)...)
			out := p.output()
			p.end(t)
			for _, text := range []string{out, p.errs.String()} {
				checkPlain(t, text)
			}
			if all := out + p.errs.String(); !strings.Contains(all, tt.want) {
				t.Errorf("%s is missing in:\n%q", tt.want, all)
			}
		})
	}
}

// What is in the JSON document is exact, as far as JSON knows it.
func TestNamesOfProcessesAreExactInJSON(t *testing.T) {
	h := holders.New(t).Hold(t, 40202, pooled(loopback4))
	keep(t, h, reporttest.Hostile.Name, reporttest.Hostile.Args...)
	out := launch(t, binary(t), "--json", "-p", "40202").output()
	var doc report.JSONReport
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v\n%q", err, out)
	}
	p := doc.Endpoints[0].Holders[0].Processes[0]
	if p.Command != reporttest.Hostile.Name {
		t.Errorf("command %q, want %q", p.Command, reporttest.Hostile.Name)
	}
	if len(p.Args) < 4 || p.Args[2] != reporttest.Hostile.Args[0] || p.Args[4] != reporttest.Hostile.Args[2] {
		t.Errorf("arguments %q, want %q after two", p.Args, reporttest.Hostile.Args)
	}
}

// checkPlain makes sure that a terminal shows the text as it is.
func checkPlain(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			t.Errorf("%q is in the output:\n%q", r, text)
			return
		}
	}
}

// keep gives the holder's socket to another process, which runs under a name and with arguments to no purpose.
func keep(t *testing.T, h *holders.Holder, name string, args ...string) *actor {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(builds.build(t, "./testdata/ladder/keeper"), path); err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(h.FD), "holder")
	h.FD = -1
	defer file.Close()
	cmd := exec.Command(path, append([]string{"1"}, args...)...)
	cmd.ExtraFiles = []*os.File{file}
	p := launchCommand(t, cmd)
	p.expect(t, "ready")
	return p
}
