package docs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExchanges(t *testing.T) {
	b := block{text: "# one\n$ two\nanswer\n\n  more\n# cat <<END\n> three\n> END\n"}
	want := []exchange{{"# one\n", ""}, {"$ two\n", "answer\n\n  more\n"}, {"# cat <<END\n> three\n> END\n", ""}}
	got := b.exchanges()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(exchange{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff("cat <<END\nthree\nEND\n", got[2].command()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAsPrinted(t *testing.T) {
	for _, tt := range []struct {
		name, printed, answered string
		want                    bool
	}{
		{"the same", "a\nb\n", "a\nb\n", true},
		{"another word", "a\nb\n", "a\nc\n", false},
		{"a line more", "a\n", "a\nb\n", false},
		{"a line less", "a\nb\n", "a\n", false},
		{"nothing, where something is printed", "a\n", "", false},
		{"any lines", "a\n…\nb\n", "a\n1\n2\nb\n", true},
		{"any lines, and another one", "…\nb\n", "a\nc\n", false},
		{"another process", "sleep (pid 1)\n", "sleep (pid 22)\n", true},
		{"another age", "running for 3d 4h\n", "running for 1s\n", true},
		{"another port", "port 30010\n", "port 30011\n", false},
		{"wider columns", "a  b\n", "a    b   \n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := asPrinted(tt.printed, tt.answered); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
