package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/internal/needs"
)

// There is a page for every command that --help shows; portguard(1) has every exit status and every variable that the code
// looks at; and the programs that show manual pages find nothing wrong with any of them.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "-buildvcs=false", "-tags", "man", ".", "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	complete.Visit(newRoot(&cli.App{}), func(cmd *cobra.Command) {
		if !cmd.HasParent() || cmd.IsAvailableCommand() {
			want = append(want, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
		}
	})
	for _, e := range entries {
		got = append(got, e.Name())
		checkPage(t, filepath.Join(dir, e.Name()))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got)\n%s", diff)
	}
	page, err := os.ReadFile(filepath.Join(dir, "portguard.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range cli.Statuses {
		if !strings.Contains(string(page), fmt.Sprintf("\\fB%d\\fR\n", s.Code)) {
			t.Errorf("portguard.1 has no exit status %d", s.Code)
		}
	}
	for name := range variables(t) {
		if !regexp.MustCompile(`\\fB([A-Z_]+, )*` + name + `(, [A-Z_]+)*\\fR`).Match(page) {
			t.Errorf("portguard.1 says nothing of $%s", name)
		}
	}
}

// checkPage has a page checked by those of the programs that are here.
func checkPage(t *testing.T, path string) {
	t.Helper()
	for _, check := range []struct {
		debianPackage string
		argv          []string
	}{
		{"mandoc", []string{"mandoc", "-T", "lint", path}},
		{"groff-base", []string{"groff", "-man", "-ww", "-z", "-Tutf8", path}},
	} {
		needs.Program(t, check.argv[0], check.debianPackage)
		if out, err := exec.Command(check.argv[0], check.argv[1:]...).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", check.argv[0], err, out)
		}
	}
}

// variables are those of the environment that the code of the module looks at.
func variables(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	read := regexp.MustCompile(`\b(?:Getenv|LookupEnv|lookup)\((?:environ, )?"(\w+)"\)`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || path == "../../cmd/internal" || path == "../../.git" || strings.HasSuffix(d.Name(), "test") || d.Name() == "holders") {
			return filepath.SkipDir // not of the program
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "/man/man.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range read.FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil || !names["NO_COLOR"] {
		t.Fatalf("%v, %v", names, err)
	}
	return names
}
