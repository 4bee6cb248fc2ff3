package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/wrapper"
	"portguard/wrapper/decide"
)

// newLine is how the live line makes room for the next one.
const newLine = "\r\x1b[2K"

// onTerminal runs portguard with stderr on a terminal of the given width, and returns all that it wrote there.
func onTerminal(t *testing.T, columns int, args ...string) (text string, status int) {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	return typed(t, columns, cmd, &cmd.Stderr)
}

// typed runs a command with some of its streams on a terminal, and returns all that was written there.
func typed(t *testing.T, columns int, cmd *exec.Cmd, streams ...*io.Writer) (text string, status int) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer master.Close()
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
	for _, stream := range streams {
		*stream = tty
	}
	err = cmd.Start()
	tty.Close()
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := io.ReadAll(master) // EIO when nobody has the terminal open any more
	_ = cmd.Wait()                 // its exit status is returned
	return string(shown), cmd.ProcessState.ExitCode()
}

// What people read fits the terminal that they read it on, and has no word that is broken. Below 80 columns a line to be typed may
// have one that is too long by itself.
func TestEverythingFitsTheTerminal(t *testing.T) {
	l := newLadder(t)
	port, other := l.port(), l.port()
	held := l.rig.Hold(t, port, pooled(loopback4))
	l.take(t, held)
	launch(t, l.service, number(other)).expect(t, "up")
	on := number(port)
	for _, args := range [][]string{
		{"-p", on + "-" + number(other)}, {"--close", "--dry-run", "-p", on}, {"-p", on, "java", "-jar", "app.jar"},
		{"audit", "--sample", "100ms", "--map", "-v", on}, {"--help"},
	} {
		for _, columns := range []int{60, 80, 120, 200} {
			cmd := exec.Command(l.portguard, args...)
			text, _ := typed(t, columns, cmd, &cmd.Stdout, &cmd.Stderr)
			for line := range strings.Lines(text) {
				line = strings.TrimRight(line, "\r\n")
				if n := len([]rune(line)); n > columns && (columns >= 80 || !strings.Contains(line, "portguard ")) {
					t.Errorf("portguard %s: %d columns, the terminal has %d: %s", strings.Join(args, " "), n, columns, line)
				}
			}
		}
	}
}

// What was said when it happened is not in the report on the same terminal once more.
func TestNothingIsSaidTwiceOnATerminal(t *testing.T) {
	l := newLadder(t)
	port := l.port()
	l.take(t, l.rig.Hold(t, port, pooled(loopback4)))
	cmd := exec.Command(l.portguard, "--share", "-p", number(port))
	text, status := typed(t, 200, cmd, &cmd.Stdout, &cmd.Stderr)
	if n := strings.Count(text, "set SO_REUSEADDR"); n != 1 || status != cli.ExitOK {
		t.Errorf("status %d; it is said %d times:\n%s", status, n, text)
	}
}

// left is what stands on the terminal in the end.
func left(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if i := strings.LastIndex(line, newLine); i >= 0 {
			line = line[i+len(newLine):]
		}
		lines = append(lines, strings.TrimRight(line, "\r"))
	}
	return lines
}

var secondsOfWait = regexp.MustCompile(`portguard: waiting \((\d+)s left\)`)

func TestLiveLine(t *testing.T) {
	holders.New(t).Hold(t, 40221, pooled(loopback4))
	text, status := onTerminal(t, 200, "--wait", "2500ms", "-p", "40221", "--", "true")
	if status != cli.ExitTempFail {
		t.Errorf("exit status %d", status)
	}
	var counted []string
	for _, m := range secondsOfWait.FindAllStringSubmatch(text, -1) {
		counted = append(counted, m[1])
	}
	if diff := cmp.Diff([]string{"3", "2", "1"}, slices.Compact(counted)); diff != "" {
		t.Errorf("it counts (-want +got)\n%s\n%q", diff, text)
	}
	lines := left(text)
	if strings.Contains(strings.Join(lines, "\n"), "waiting (") {
		t.Errorf("the live line is left on the terminal:\n%q", lines)
	}
	if !slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, "40221/tcp is taken: ") }) {
		t.Errorf("the report does not begin a line:\n%q", lines)
	}
}

// A line that is longer than the terminal is wide wraps, and only its last part can be erased.
func TestLiveLineFitsTheTerminal(t *testing.T) {
	const columns = 60
	rig := holders.New(t)
	rig.Hold(t, 40222, pooled(loopback4))
	rig.Hold(t, 40224, pooled(loopback4))
	text, _ := onTerminal(t, columns, "--wait", "1s", "-p", "40222,40224", "--", "true")
	n := 0
	for piece := range strings.SplitSeq(strings.ReplaceAll(text, newLine, "\n"), "\n") {
		if !strings.HasPrefix(piece, "portguard: waiting (") {
			continue
		}
		n++
		if width := len([]rune(strings.TrimRight(piece, "\r"))); width > columns {
			t.Errorf("%d columns, the terminal has %d: %q", width, columns, piece)
		}
	}
	if n == 0 {
		t.Errorf("no live line in %q", text)
	}
}

// The line is drawn every second while the guard goes on with its work; under -race this shows whether they meet.
func TestLiveLineBesideTheGuard(t *testing.T) {
	h := holders.New(t).Hold(t, 40226, pooled(loopback4))
	p := &report.Progress{Log: cli.Log{W: io.Discard}, Terminal: true}
	g := wrapper.New(decide.Policy{Wait: 30 * time.Second}, p)
	defer g.Close()
	closed := make(chan error, 1)
	time.AfterFunc(2500*time.Millisecond, func() { closed <- h.Close() })
	r, err := g.Run(t.Context(), []netdiag.Endpoint{{Protocol: netdiag.TCP, Port: 40226}})
	defer r.Release()
	p.Finish()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err != nil || !r.AllFree() {
		t.Errorf("%v, %+v", err, r.Outcomes)
	}
}

// Who types portguard alone reads what it is, and three lines to try.
func TestGreeting(t *testing.T) {
	text, status := onTerminal(t, 80)
	if status != cli.ExitUsage {
		t.Errorf("exit status %d", status)
	}
	lines := left(strings.TrimSuffix(text, "\r\n"))
	if len(lines) > 10 {
		t.Errorf("%d lines", len(lines))
	}
	for _, want := range []string{"  portguard -p 8080 ", "  portguard --share -p 8080 -- COMMAND ", "  sudo portguard audit "} {
		if !slices.ContainsFunc(lines, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is missing in %q", want, lines)
		}
	}
	if text, _ := onTerminal(t, 80, "--"); strings.Contains(text, "audit") {
		t.Errorf("with an argument: %q", text)
	}
}
