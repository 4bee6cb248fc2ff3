package main

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The demo ends well, and the recording in docs has what it prints today.
func TestRecording(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "demo")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if out, err := exec.Command(program, "-record", filepath.Join(dir, "now")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const docs = "../../../docs/demo"
	inDocs := recorded(t, docs+".cast")
	comesToThePoint(t, inDocs)
	want, got := words(inDocs), words(recorded(t, filepath.Join(dir, "now.cast")))
	if os.Geteuid() == 0 { // else there may be no namespace, and another port each time
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the recording is old: go run ./cmd/internal/demo -record docs/demo (-recorded +now)\n%s", diff)
		}
	}
	for _, path := range []string{docs + ".svg", filepath.Join(dir, "now.svg")} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 200<<10 {
			t.Errorf("%s has %d bytes, too many for a README", path, len(b))
		}
		d := xml.NewDecoder(strings.NewReader(string(b)))
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// comesToThePoint checks that the service has started beside the connection within ten seconds, and that no line is broken by
// the terminal.
func comesToThePoint(t *testing.T, events []event) {
	t.Helper()
	point := slices.IndexFunc(events, func(e event) bool { return strings.HasPrefix(e.text, "billing: listening") })
	if point < 0 || events[point].at > 10*time.Second {
		t.Errorf("the service has not started beside the connection within ten seconds (event %d)", point)
	}
	for _, l := range screen(events, 1000) {
		if len(l.cells) > columns {
			t.Errorf("a line has %d columns", len(l.cells))
		}
	}
}

// words is what a recording shows, a word a line: where lines break, and numbers, differ from run to run.
func words(events []event) string {
	var all strings.Builder
	for _, e := range events {
		all.WriteString(e.text)
	}
	return regexp.MustCompile(`(pid|for|fd)\n\d+`).ReplaceAllString(strings.Join(strings.Fields(all.String()), "\n"), "$1\nN")
}

// recorded reads a cast.
func recorded(t *testing.T, path string) (events []event) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s, first := bufio.NewScanner(f), true; s.Scan(); first = false {
		if first {
			continue // the terminal
		}
		var fields [3]any
		if err := json.Unmarshal(s.Bytes(), &fields); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		events = append(events, event{time.Duration(fields[0].(float64) * float64(time.Second)), fields[2].(string)})
	}
	return events
}

func TestLayOut(t *testing.T) {
	events := layOut("\r\n# remark\r\n$ go on\r\nanswer\r\n")
	var text strings.Builder
	for i, e := range events {
		text.WriteString(e.text)
		if i > 0 && e.at < events[i-1].at {
			t.Errorf("%q comes at %v, before what precedes it", e.text, e.at)
		}
	}
	want := "\r\n\x1b[36m# remark\x1b[0m\r\n\x1b[32m$\x1b[0m go on\r\nanswer\r\n"
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if keys := events[3:8]; keys[0].text != "g" || keys[4].at-keys[0].at != 4*perKey {
		t.Errorf("not typed key by key: %v", keys)
	}
}

func TestFold(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"it fits", "0123 56789\r\n", "0123 56789\r\n"},
		{"between words", "0123 567 9012 45\r\n", "0123 567 \r\n  9012 45\r\n"},
		{"colours take no room", "\x1b[1m0123\x1b[0m 56789\r\n", "\x1b[1m0123\x1b[0m 56789\r\n"},
		{"a word that is too long stays whole", "0123456789abc\r\n", "0123456789abc\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fold(tt.text, 10); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestScreen(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       [][]span
	}{
		{"plain", "a line", [][]span{{{0, "", "a line"}}}},
		{"two", "one\r\ntwo", [][]span{{{0, "", "one"}}, {{0, "", "two"}}}},
		{"wider than the screen", "0123456789abc", [][]span{{{0, "", "0123456789"}}, {{0, "", "abc"}}}},
		{"gaps are places", "  a b  c ", [][]span{{{2, "", "a b"}, {7, "", "c"}}}},
		{"colours", "\x1b[1ma\x1b[0m b", [][]span{{{0, "b", "a"}, {2, "", "b"}}}},
		{"what moves the cursor is left out", "a\x1b[2Kb", [][]span{{{0, "", "ab"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got [][]span
			for _, l := range screen([]event{{0, tt.text}}, 10) {
				got = append(got, l.spans())
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(span{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// When the screen is full it moves up, and the last line stays on it.
func TestScrolled(t *testing.T) {
	for lines, want := range map[int]int{0: 0, 29: 0, 30: 0, 31: 1, 40: 10} {
		if got := scrolled(lines, 30); got != want {
			t.Errorf("%d lines: %d, want %d", lines, got, want)
		}
	}
}
