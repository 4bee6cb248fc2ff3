package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// A row whose test is renamed would be an empty row.
func TestRowsNameTestsThatExist(t *testing.T) {
	for _, s := range rows() {
		for _, r := range s.rows {
			have := testsOf(t, r.pkg)
			for _, pattern := range r.tests {
				top, _, _ := strings.Cut(pattern, "/")
				found := false
				for name := range have {
					ok, err := path.Match(top, name)
					if err != nil {
						t.Fatalf("%s: %v", top, err)
					}
					found = found || ok
				}
				if !found {
					t.Errorf("%q: %s has no %s", r.what, r.pkg, top)
				}
			}
		}
	}
}

func TestChancesAreCountedByATestThatExists(t *testing.T) {
	for _, p := range lostPorts().packages {
		for _, name := range p.tests {
			if !testsOf(t, p.path)[name] {
				t.Errorf("%s has no %s", p.path, name)
			}
		}
	}
}

// testsOf are the names of a package's tests.
func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../../..", pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests: %v", pkg, err)
	}
	names := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

func TestCovers(t *testing.T) {
	r := row{pkg: "netdiag", tests: []string{"TestA", "TestB/tcp_*"}}
	for _, tt := range []struct {
		pkg, test string
		want      bool
	}{
		{"netdiag", "TestA", true},
		{"netdiag", "TestA/any/below", true},
		{"netdiag", "TestAB", false},
		{"wrapper", "TestA", false},
		{"netdiag", "TestB", false},
		{"netdiag", "TestB/tcp_client", true},
		{"netdiag", "TestB/tcp_client/ESTABLISHED", true},
		{"netdiag", "TestB/udp_bound", false},
	} {
		if got := r.covers(tt.pkg, tt.test); got != tt.want {
			t.Errorf("%s %s: %v", tt.pkg, tt.test, got)
		}
	}
}
