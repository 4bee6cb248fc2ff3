package needs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// asking is a test that asks for something.
type asking struct {
	testing.TB
	failed, skipped string
}

func (a *asking) Helper() {}

func (a *asking) Fatalf(format string, args ...any) {
	a.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (a *asking) Skip(args ...any) {
	a.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func TestWhatIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	// As Debian's python3-minimal has it: an interpreter that finds no module.
	minimal := filepath.Join(dir, "python3")
	if err := os.WriteFile(minimal, []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	const unlisted = "the Debian package hello is not in internal/needs/packages.txt, from which .ci/run installs"
	for _, tt := range []struct {
		name            string
		ask             func(t testing.TB)
		skipped, failed string
	}{
		{"a program that is there", func(t testing.TB) { Program(t, "/bin/sh", "dash") }, "", ""},
		{"one that is not", func(t testing.TB) { Program(t, dir+"/zsh", "zsh") }, "needs " + dir + "/zsh (Debian package zsh)", ""},
		{"a file that is there", func(t testing.TB) { File(t, minimal, "python3") }, "", ""},
		{"one that is not", func(t testing.TB) { File(t, dir+"/stdio.h", "libc6-dev") }, "needs " + dir + "/stdio.h (Debian package libc6-dev)", ""},
		{"Python without its library", func(t testing.TB) { Program(t, minimal, "python3") },
			"needs " + minimal + " with all of its library (Debian package python3)", ""},
		{"Python without a module", func(t testing.TB) { Python(t, minimal, "yaml", "python3-yaml") }, "needs Python's yaml (Debian package python3-yaml)", ""},
		{"a package that is not listed, though the program is there", func(t testing.TB) { Program(t, "/bin/sh", "hello") }, "", unlisted},
		{"nor is that of a file", func(t testing.TB) { File(t, minimal, "hello") }, "", unlisted},
		{"nor that of a module", func(t testing.TB) { Python(t, minimal, "yaml", "hello") }, "", unlisted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &asking{}
			done := make(chan struct{})
			go func() {
				defer close(done)
				tt.ask(a)
			}()
			<-done
			if a.skipped != tt.skipped || a.failed != tt.failed {
				t.Errorf("skipped %q, want %q; failed %q, want %q", a.skipped, tt.skipped, a.failed, tt.failed)
			}
		})
	}
}

// The list is what is asked for, no less and no more; and nobody but this package says what Debian calls something.
func TestListIsWhole(t *testing.T) {
	const root = "../../"
	said := regexp.MustCompile(`"[^"\n]*Debian packages? `)
	asked := `"ca-certificates"` // by the go command
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || filepath.Dir(path) == filepath.Clean(root+"internal/needs") {
			return err
		}
		b, err := os.ReadFile(path)
		if line := said.Find(b); line != nil {
			t.Errorf("%s: %s: ask package needs", path, line)
		}
		if strings.Contains(string(b), `"portguard/internal/needs"`) {
			asked += string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := Packages()
	if !slices.IsSorted(names) || len(names) != len(slices.Compact(slices.Clone(names))) {
		t.Errorf("not in order, or twice: %q", names)
	}
	for _, name := range names {
		if !strings.Contains(asked, `"`+name+`"`) {
			t.Errorf("nobody asks for %s", name)
		}
	}
	ci, err := os.ReadFile(root + ".ci/run")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(ci), "internal/needs/packages.txt") {
		t.Error(".ci/run does not install from the list")
	}
}
