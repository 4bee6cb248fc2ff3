package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/netdiag/holders"
)

// wrongLine is one of testdata/wrong-lines.txt: what is typed, what is said, and the line that was meant. Both lines are taken apart as well.
type wrongLine struct {
	typed, problem, hint string
	words, right         []string
}

func wrongLines(t *testing.T) []wrongLine {
	t.Helper()
	text, err := os.ReadFile("testdata/wrong-lines.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []wrongLine
	for block := range strings.SplitSeq(string(text), "\n$ portguard ") {
		if lines := strings.SplitN(block, "\n", 4); len(lines) >= 3 && !strings.HasPrefix(block, "#") {
			all = append(all, wrongLine{typed: lines[0], problem: lines[1], hint: lines[2]})
		}
	}
	if len(all) < 370 {
		t.Fatalf("%d wrong lines are read", len(all))
	}
	var both []string
	for _, line := range all {
		both = append(both, line.typed, line.hint)
	}
	apart := words(t, both)
	for i := range all {
		all[i].words, all[i].right = apart[2*i], apart[2*i+1]
	}
	return all
}

// A wrong line is answered in one line, with the line that was probably meant, and touches nothing. What is shown is right in turn, and
// does no harm that was not typed.
func TestWrongLines(t *testing.T) {
	rig, dir := newWrongLines(t), t.TempDir()
	harm := regexp.MustCompile(`--(kill|close|restart-unit|kill-listeners)\b`)
	for _, line := range wrongLines(t) {
		status, said := rig.run(t, dir, line.words...)
		problem, hint, _ := strings.Cut(strings.TrimSuffix(said, "\n"), "\nhint: ")
		if problem != "portguard: "+line.problem || hint != line.hint {
			t.Errorf("portguard %s\n got %q\n     %q\nwant %q\n     %q", line.typed, problem, hint, line.problem, line.hint)
		}
		if want := []int{cli.ExitUsage, cli.ExitCannotExec, cli.ExitNotFound}; !slices.Contains(want, status) {
			t.Errorf("portguard %s: exit status %d", line.typed, status)
		}
		rig.untouched(t, dir, line.typed)
		if hint == "" {
			continue
		}
		for _, m := range harm.FindAllStringSubmatch(hint, -1) {
			if asked := regexp.MustCompile(`\b(` + m[1] + `|signal|grace|fuser -k)|-9`); !asked.MatchString(line.typed) && !(m[1] == "close" && strings.Contains(line.typed, "only")) {
				t.Errorf("portguard %s: --%s, which nobody asked for: %s", line.typed, m[1], hint)
			}
		}
		right := line.right // the hint's
		if hint != line.hint {
			continue
		}
		if right[0] != "portguard" {
			t.Errorf("portguard %s: the hint %q is none of ours", line.typed, hint)
			continue
		}
		noUnit := regexp.MustCompile(`^portguard: there is no [a-z@1-]+\.service\n`) // where systemd runs
		status, said = rig.run(t, t.TempDir(), harmless(right[1:])...)
		if slices.Contains([]int{cli.ExitUsage, cli.ExitCannotExec, cli.ExitNotFound}, status) && !noUnit.MatchString(said) {
			t.Errorf("portguard %s: the hint %q is wrong in turn: %s", line.typed, hint, said)
		}
		rig.untouched(t, dir, hint)
	}
}

// harmless is a line with what keeps it from doing anything.
func harmless(line []string) []string {
	for i := range line {
		line[i] = strings.ReplaceAll(line[i], "COMMAND", "true")
		line[i] = regexp.MustCompile(`PORT($|/)`).ReplaceAllString(line[i], "30010$1")
	}
	switch first := append(line, "")[0]; {
	case strings.HasPrefix(first, "-"), first == "reserve", first == "release", first == "range":
		at := min(1, len(line)-1)
		if strings.HasPrefix(first, "-") {
			at = 0
		}
		if !slices.Contains(line, "--dry-run") && !slices.Contains(line, "--help") {
			line = slices.Insert(line, at, "--dry-run")
		}
	case first == "audit":
		line = slices.Insert(line, 1, "--sample", "1ms")
	case first == "unit" && line[1] == "install":
		line = append(line, "--dry-run")
	}
	return line
}

// wrongRig is a host on which wrong lines might do harm: a connection has 8080, and a server listens on 9.
type wrongRig struct {
	env    []string
	before string
}

func newWrongLines(t *testing.T) *wrongRig {
	t.Helper()
	setRange(t, 32768, 60999)
	rig := holders.New(t)
	keep(t, rig.Hold(t, 8080, pooled(loopback4)), "keeper")
	keep(t, rig.Hold(t, 9, scriptHolders()["listener"]), "server")
	r := &wrongRig{env: append(os.Environ(), "PATH="+filepath.Dir(binary(t))+":"+os.Getenv("PATH"))}
	r.before = r.now(t, t.TempDir())
	return r
}

// run returns the exit status of a line, and what it has said on stderr. What holds ports is ended by SIGTERM.
func (r *wrongRig) run(t *testing.T, dir string, args ...string) (status int, said string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if len(args) > 0 && (args[0] == "hold" || args[0] == "ready") {
		time.AfterFunc(300*time.Millisecond, cancel)
	}
	cmd := exec.CommandContext(ctx, binary(t), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, r.env, &stderr
	_ = cmd.Run() // its exit status is returned
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// now is all that a wrong line could change: the sockets on the ports, what the kernel picks from, and files.
func (r *wrongRig) now(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"/proc/self/net/tcp", "/proc/sys/net/ipv4/ip_local_port_range", "/proc/sys/net/ipv4/ip_local_reserved_ports"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			switch {
			case !strings.HasSuffix(name, "tcp"):
				fmt.Fprintln(&b, fields)
			case regexp.MustCompile(`:(1F90|0009)$`).MatchString(fields[1]):
				fmt.Fprintln(&b, fields[1:4]) // without its number, which depends on what else is there
			}
		}
	}
	for _, name := range []string{"/etc/sysctl.d", dir} {
		entries, _ := os.ReadDir(name) // the first need not be there
		for _, e := range entries {
			fmt.Fprintln(&b, e.Name())
		}
	}
	return b.String()
}

func (r *wrongRig) untouched(t *testing.T, dir, line string) {
	t.Helper()
	if now := r.now(t, dir); now != r.before {
		t.Fatalf("%s has changed something:\n%s\nis now\n%s", line, r.before, now)
	}
}

// words takes lines apart as a shell does.
func words(t *testing.T, lines []string) [][]string {
	t.Helper()
	script := ""
	for _, line := range lines {
		script += `printf '%s\0' ` + line + "\nprintf '\\n\\0'\n"
	}
	out, err := exec.Command("sh", "-f", "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]string{nil}
	for word := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if word == "\n" {
			all = append(all, nil)
			continue
		}
		all[len(all)-1] = append(all[len(all)-1], word)
	}
	return all
}
