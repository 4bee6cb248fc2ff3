package page

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHang(t *testing.T) {
	const sentence = "an outgoing connection  to 10.11.0.9:7000"
	for _, tt := range []struct {
		name, margin       string
		width, at, further int
		want               string
	}{
		{"no limit", "  socket", 0, 10, 0, "  socket  an outgoing connection  to 10.11.0.9:7000\n"},
		{"it fits, and is left as it is", "  socket", 51, 10, 0, "  socket  an outgoing connection  to 10.11.0.9:7000\n"},
		{"one column less", "  socket", 50, 10, 0, "  socket  an outgoing connection to 10.11.0.9:7000\n"},
		{"below itself", "  socket", 30, 10, 0, "  socket  an outgoing\n          connection to\n          10.11.0.9:7000\n"},
		{"further in", "", 30, 0, 2, "an outgoing connection to\n  10.11.0.9:7000\n"},
		{"a wide margin", "  restart-unit ", 30, 10, 0, "  restart-unit an outgoing\n          connection to\n          10.11.0.9:7000\n"},
		{"a word that is too long", "", 12, 0, 0, "an outgoing\nconnection\nto\n10.11.0.9:7000\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			Page{&b, tt.width}.Hang(tt.margin, tt.at, tt.further, sentence)
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Colours take no room.
func TestHangColours(t *testing.T) {
	var b bytes.Buffer
	Page{&b, 12}.Hang(Paint{true}.Label("is"), 3, 0, Paint{true}.Bad("taken")+" now")
	if want := "\x1b[2mis\x1b[0m \x1b[31;1mtaken\x1b[0m now\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// However narrow it is, a shell that gets the command by paste reads the words that were meant.
func TestCommandsSurvivePaste(t *testing.T) {
	args := []string{"portguard", "--kill", "--only", "exe=/opt/two words/*", "-p", "[::1]:80", "it's", "", `back\slash`, "--", "COMMAND"}
	command := CommandLine(args, 0)
	for _, width := range []int{0, 20, 30, 40, 60, 80, 120, 200} {
		var b bytes.Buffer
		Page{&b, width}.Command("  now", 10, command)
		pasted := strings.TrimPrefix(b.String(), "  now")
		out, err := exec.Command("sh", "-c", "printf '%s\\n' "+pasted).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(strings.Join(args, "\n")+"\n", string(out)); diff != "" {
			t.Errorf("%d columns: (-want +got)\n%s\n%s", width, diff, pasted)
		}
		for line := range strings.Lines(b.String()) {
			if n := WidthOf(strings.TrimRight(line, "\n")); width >= 60 && n > width {
				t.Errorf("%d columns, there are %d: %s", n, width, line)
			}
		}
	}
}

// What a command does stands beside it where there is room for a few words in a line, else below it.
func TestPairs(t *testing.T) {
	pairs := []Pair{{"  now", "portguard --share -p 30010", "start beside the connection, nothing is cut"}, {"", "portguard --wait 30s -p 30010", "start when it is free"}}
	for width, want := range map[int]string{
		0: "  now     portguard --share -p 30010      start beside the connection, nothing is cut\n" +
			"          portguard --wait 30s -p 30010   start when it is free\n",
		75: "  now     portguard --share -p 30010      start beside the connection,\n" +
			"                                          nothing is cut\n" +
			"          portguard --wait 30s -p 30010   start when it is free\n",
		60: "  now     portguard --share -p 30010\n" +
			"              start beside the connection, nothing is cut\n" +
			"          portguard --wait 30s -p 30010\n" +
			"              start when it is free\n",
		36: "  now     portguard --share -p 30010\n" +
			"              start beside the\n" +
			"              connection, nothing is\n" +
			"              cut\n" +
			"          portguard --wait 30s \\\n" +
			"              -p 30010\n" +
			"              start when it is free\n",
	} {
		var b bytes.Buffer
		Page{&b, width}.Pairs(10, pairs)
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%d columns: (-want +got)\n%s", width, diff)
		}
	}
}
