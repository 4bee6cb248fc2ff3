package unitfile

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestBehind(t *testing.T) {
	argv := []string{"/usr/bin/portguard", "-p", "30010", "--"}
	const front = "/usr/bin/portguard -p 30010 -- "
	for _, tt := range []struct{ name, line, want string }{
		{"a plain command", "/usr/bin/java -jar app.jar", front + "/usr/bin/java -jar app.jar"},
		{"no arguments", "/usr/bin/app", front + "/usr/bin/app"},
		{"prefixes go to the front", "-+/usr/bin/app a", "-+" + front + "/usr/bin/app a"},
		{"all others", "-!!/usr/bin/app", "-!!" + front + "/usr/bin/app"},
		{"another argv[0] is the first argument, and the other program's to give on", "-@/bin/app other a", "-" + front + "/bin/app other a"},
		{"quotes and escapes stay", `/bin/sh -c "a 'b'" 'c d' \x41 e\ f`, front + `/bin/sh -c "a 'b'" 'c d' \x41 e\ f`},
		{"specifiers and variables stay", `/bin/app-%i %n %% $A ${B}c $$x`, front + `/bin/app-%i %n %% $A ${B}c $$x`},
		{"a prefix within quotes", `"-/opt/my app/run" a`, "-" + front + `"/opt/my app/run" a`},
		{"a prefix that is escaped", `\x2d/bin/app a`, "-" + front + `/bin/app a`},
		{"an escape in the program", `/opt/my\x20app`, front + `"/opt/my app"`},
		{"a dollar in the program, which was no place for a variable", `/opt/$app $A`, front + `/opt/$$app $A`},
		{"without expansion of variables a dollar is one", `:/opt/$app $A`, ":" + front + `/opt/$app $A`},
		{"a program by its name", "app a", front + "app a"},
		{"an escaped separator", `/bin/find . \;`, front + `/bin/find . \;`},
		{"a quoted separator", `/bin/find . ";"`, front + `/bin/find . ";"`},
		{"other languages", "/opt/ünï $A", front + "/opt/ünï $A"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := ParseCommand(tt.line)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, c.Behind(argv)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for _, tt := range []struct{ name, line, reason string }{
		{"another argv[0] that is missing", "@/bin/app", `the prefix "@"`},
		{"a shell", "|/bin/app", `the prefix "|"`},
		{"two commands", "/bin/a ; /bin/b", "more than one command"},
		{"an open quote", `/bin/a "b`, "a quote is not closed"},
		{"an open quote in the program", `"/bin/a`, "a quote is not closed"},
		{"nothing", "  ", "no command"},
		{"a prefix alone", "- /bin/a", "no program"},
		{"it would swallow the next line", `/bin/a b\`, "ends in a backslash"},
		{"not text", "/bin/\xff", "UTF-8"},
		{"two lines", "/bin/a\nExecStop=/bin/b", "one line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseCommand(tt.line)
			var refused *CommandError
			if !errors.As(err, &refused) || !strings.Contains(refused.Reason, tt.reason) || refused.Line != tt.line {
				t.Errorf("got %v, want a *CommandError with %q", err, tt.reason)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"--share", "--share"},
		{"unit=web@*.service", "unit=web@*.service"},
		{"", `""`},
		{"a b", `"a b"`},
		{`a"b\c`, `"a\"b\\c"`},
		{"100%", "100%%"},
		{"$HOME", "$$HOME"},
		{";", `";"`},
		{"it's", `"it's"`},
		{"a\nb\tc\x7f", `"a\x0ab\x09c\x7f"`},
		{"[fe80::1%eth0]:80", "[fe80::1%%eth0]:80"},
		{"ü", "ü"},
		{"\xff", `"\xff"`},
	} {
		t.Run(tt.text, func(t *testing.T) {
			if got := quote(tt.text, specifiers|variables); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// The words of a line as systemd 252 has them in ExecStart (specifiers and variables are not expanded here).
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
	}{
		{`a"b c"d`, []string{"ab cd"}},
		{`'q'"r"`, []string{"qr"}},
		{`\q "\z"`, []string{`\q`, `\z`}},
		{`\x41\101\u00e4\U0001F600\s\t`, []string{"AAä\U0001F600 \t"}},
		{`\x4 \400 \xzz \x00 \ud800`, []string{`\x4`, `\400`, `\xzz`, `\x00`, `\ud800`}},
		{`"" ''`, []string{"", ""}},
		{`end\`, []string{`end\`}},
	} {
		t.Run(tt.line, func(t *testing.T) {
			var got []string
			for rest := tt.line; rest != ""; {
				w, r, ok, err := nextWord(rest)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					got = append(got, w.text)
				}
				rest = r
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Whatever an argument is, it comes back from the line that it was written into.
func FuzzJoin(f *testing.F) {
	f.Add("/usr/bin/portguard", `exe=/opt/a%b $x`)
	f.Add("/opt/my app/$", "'\"\\;")
	f.Fuzz(func(t *testing.T, program, arg string) {
		if program == "" || strings.ContainsAny(program[:1], "-:+!") || strings.Contains(program, "$$") || strings.Contains(arg+program, "\x00") {
			return
		}
		want := []string{program, arg, "--"}
		got, err := Arguments(Join("+", want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-want +got)\n%s", Join("+", want), diff)
		}
	})
}

// Behind another program, a command has the same prefixes and, word by word, the same arguments; and it is one line.
func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{
		`/usr/sbin/nginx -g 'daemon on; master_process on;'`,
		`-/usr/sbin/sshd -D $SSHD_OPTS`,
		`/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock`,
		`/bin/sh -c "[ ! -e /usr/bin/galera_recovery ] && VAR= || VAR=$$(/usr/bin/galera_recovery); exit"`,
		`-/sbin/agetty -o '-p -- \\u' --noclear - $TERM`,
		`!!/lib/systemd/systemd-timesyncd`,
		`@/usr/bin/dbus-daemon @dbus-daemon --system`,
		`:/bin/echo "$x" \x41 \;`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		c, err := ParseCommand(line)
		if err != nil {
			var refused *CommandError
			if !errors.As(err, &refused) {
				t.Errorf("%T is not a *CommandError", err)
			}
			return
		}
		wrapped := c.Behind([]string{"/portguard", "--"})
		if strings.ContainsAny(wrapped, "\n\r") || !utf8.ValidString(wrapped) || endsEscaping(wrapped) {
			t.Errorf("%q is not one line of text", wrapped)
		}
		again, err := ParseCommand(wrapped)
		if err != nil {
			t.Fatalf("%q: %v", wrapped, err)
		}
		if again.Prefixes != c.Prefixes || again.program != "/portguard" || !strings.HasSuffix(again.rest, c.rest) {
			t.Errorf("%q became %q", line, wrapped)
		}
		back, rest, _, err := nextWord(strings.TrimPrefix(again.rest, "-- "))
		program := back.text
		if !strings.Contains(c.Prefixes, ":") {
			program = strings.ReplaceAll(program, "$$", "$")
		}
		if err != nil || strings.TrimLeft(rest, whitespace) != c.rest || program != c.program {
			t.Errorf("%q: the program became %q, the rest %q, %v", line, program, rest, err)
		}
	})
}
