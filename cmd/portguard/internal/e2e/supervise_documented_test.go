package e2e

import (
	"flag"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/internal/measured"
)

var superviseUpdate = flag.Bool("supervise.update", false, "write what is measured into docs/supervise.md")

const superviseDoc = "../../../../docs/supervise.md"

// documented compares what was measured with what docs/supervise.md has under this name, or writes it there.
func documented(t *testing.T, name, got string) {
	t.Helper()
	documentedIn(t, superviseDoc, name, got, superviseUpdate)
}

// record is documented for numbers that are others each time: they are written, but not compared.
func record(t *testing.T, name, got string) {
	t.Helper()
	if !*superviseUpdate {
		var err error
		if got, err = measured.Read(superviseDoc, name); err != nil {
			t.Fatal(err)
		}
	}
	documentedIn(t, superviseDoc, name, got, superviseUpdate)
}

// documentedIn compares what was measured with what a document has under this name, or writes it there where the flag says so.
func documentedIn(t *testing.T, path, name, got string, update *bool) {
	t.Helper()
	if *update {
		if err := measured.Write(path, name, got); err != nil {
			t.Fatal(err)
		}
	}
	want, err := measured.Read(path, name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-documented +measured; -supervise.update or -rig.update writes it)\n%s", path, diff)
	}
}
