package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var superviseUpdate = flag.Bool("supervise.update", false, "write what is measured into docs/supervise.md")

// documented compares what was measured with what docs/supervise.md has under this name, or writes it there.
func documented(t *testing.T, name, measured string) {
	t.Helper()
	if diff := cmp.Diff(docPart(t, name, measured), measured); diff != "" {
		t.Errorf("docs/supervise.md (-documented +measured; -supervise.update writes it)\n%s", diff)
	}
}

// record is documented for numbers that are others each time: they are written, but not compared.
func record(t *testing.T, name, measured string) {
	t.Helper()
	docPart(t, name, measured)
}

// docPart returns the measured part of docs/supervise.md that has this name, as it is now.
func docPart(t *testing.T, name, measured string) string {
	t.Helper()
	const path, end = "../../docs/supervise.md", "<!-- end -->\n"
	begin := "<!-- measured: " + name + " -->\n"
	before, rest, found := strings.Cut(readFile(t, path), begin)
	part, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no part %q", path, begin)
	}
	if !*superviseUpdate {
		return part
	}
	if err := os.WriteFile(path, []byte(before+begin+measured+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
	return measured
}
