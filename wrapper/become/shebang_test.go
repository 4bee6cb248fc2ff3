package become

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseShebang(t *testing.T) {
	long := "/" + strings.Repeat("x", 300)
	for _, tt := range []struct {
		name string
		head string
		want string
	}{
		{"empty file", "", ""},
		{"binary", "\x7fELF\x02\x01\x01", ""},
		{"text", "echo hello\n", ""},
		{"plain", "#!/bin/sh\necho\n", "/bin/sh"},
		{"with an argument", "#!/usr/bin/env python3\n", "/usr/bin/env"},
		{"blanks and tabs", "#! \t/bin/sh\t-e\n", "/bin/sh"},
		{"no newline at the end of the file", "#!/bin/sh", "/bin/sh"},
		{"names no interpreter", "#!\n/bin/sh\n", ""},
		{"a carriage return belongs to the name", "#!/bin/sh\r\n", "/bin/sh\r"},
		{"cut off", ("#!" + long)[:binprmBufSize], ""},
		{"only the argument is cut off", ("#!/bin/sh " + long)[:binprmBufSize], "/bin/sh"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseShebang([]byte(tt.head)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The kernel runs what parseShebang finds: the interpreter here is a link to echo, which prints the script's name.
func TestKernelAgreesOnShebang(t *testing.T) {
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Skip("needs echo: ", err)
	}
	dir := t.TempDir()
	interpreter := filepath.Join(dir, "interpreter")
	if err := os.Symlink(echo, interpreter); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script")
	for _, text := range []string{"#!INTERPRETER\n", "#! \tINTERPRETER\n", "#!INTERPRETER", "#!INTERPRETER -\n", "#!INTERPRETER\t\nx"} {
		text = strings.ReplaceAll(text, "INTERPRETER", interpreter)
		if got := parseShebang([]byte(text)); got != interpreter {
			t.Errorf("parseShebang(%q) = %q", text, got)
		}
		if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(script).CombinedOutput(); err != nil || !strings.Contains(string(out), script) {
			t.Errorf("the kernel does not run %q: %v %s", text, err, out)
		}
	}
}

func FuzzParseShebang(f *testing.F) {
	f.Add([]byte("#!/bin/bash\nset -e\n"))
	f.Add([]byte("#! /usr/bin/env -S java --source 21\n"))
	f.Add([]byte("\x7fELF\x02\x01\x01\x00"))
	f.Fuzz(func(t *testing.T, head []byte) {
		got := parseShebang(head)
		if strings.ContainsAny(got, " \t\n\x00") || !strings.Contains(string(head), got) {
			t.Errorf("parseShebang(%q) = %q", head, got)
		}
	})
}
