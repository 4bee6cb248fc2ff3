package page

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/portguard/internal/reporttest"
)

func TestSafe(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "java -jar order.jar", "java -jar order.jar"},
		{"letters of any script", "größe 端口", "größe 端口"},
		{"empty", "", ""},
		{"newline forges a line", "java\n30010/tcp is free", `java\n30010/tcp is free`},
		{"carriage return overwrites one", "java\rfree", `java\rfree`},
		{"tab and bell", "a\tb\a", `a\tb\a`},
		{"escape sequence", "\x1b[2Jroot", `\x1b[2Jroot`},
		{"the same in one character", "\u009b2Jroot", `\u009b2Jroot`},
		{"delete", "\x7f", `\x7f`},
		{"text from right to left", "a\u202egnp.exe", `a\u202egnp.exe`},
		{"no width at all", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"a space that is none", "a\u00a0b", `a\u00a0b`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"not UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"cut in the middle of a character", "gr\xc3", `gr\xc3`},
		{"the sign for that", "\ufffd", `\ufffd`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Safe(tt.in)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzSafe(f *testing.F) {
	for _, seed := range append(reporttest.Hostile.Args, reporttest.Hostile.Name) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Safe(in)
		if strings.ContainsFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(out) {
			t.Errorf("safe(%q) = %q", in, out)
		}
		if again := Safe(out); again != out {
			t.Errorf("safe(%q) = %q", out, again)
		}
		if plain := !strings.ContainsFunc(in, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }); plain && out != in {
			t.Errorf("safe(%q) = %q", in, out)
		}
	})
}

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		name  string
		args  []string
		width int
		want  string
	}{
		{"plain", []string{"java", "-Xmx1g", "-jar", "/opt/a_b.jar"}, 100, "java -Xmx1g -jar /opt/a_b.jar"},
		{"what a shell would take apart is quoted", []string{"sh", "-c", "a b; c", "$HOME", "*"}, 100, `sh -c 'a b; c' '$HOME' '*'`},
		{"an empty argument shows", []string{"a", ""}, 100, "a ''"},
		{"a quote", []string{"it's"}, 100, `'it'\''s'`},
		{"what could move a cursor", []string{"a\x1b[2J", "b\n"}, 100, `'a\x1b[2J' 'b\n'`},
		{"cut to width", []string{"abcdef", "ghi"}, 8, "abcdef …"},
		{"as wide as that", []string{"abcdef", "g"}, 8, "abcdef g"},
		{"cut between characters", []string{"äöüäöü"}, 4, "äöü…"},
		{"whole", []string{strings.Repeat("x", 500)}, 0, strings.Repeat("x", 500)},
		{"nothing", nil, 100, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, CommandLine(tt.args, tt.width)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A shell reads the line back as the arguments that it was made of.
func FuzzCommandLine(f *testing.F) {
	for _, seed := range append(reporttest.Hostile.Args, "it's", "$HOME", "a b", `\`, "~", "#", "a=b", "!") {
		f.Add(seed, "x")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		f.Skip("needs sh: ", err)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if Safe(a) != a || Safe(b) != b {
			return // shown as escapes, not to be read back
		}
		// As arguments of a command: there a shell does not take a=b for an assignment.
		out, err := exec.Command(sh, "-c", `printf '%s\n' `+CommandLine([]string{a, b}, 0)).Output()
		if want := a + "\n" + b + "\n"; err != nil || string(out) != want {
			t.Errorf("%q, %q: %s gives %q, %v", a, b, CommandLine([]string{a, b}, 0), out, err)
		}
	})
}
