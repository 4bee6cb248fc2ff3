package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What test programs say in a guest becomes cells, in the guest's terminal's line ends or not.
func TestCells(t *testing.T) {
	const said = "=== kernel 5.10.0-test\n=== package netdiag\n" +
		"\x16=== RUN   TestA\n\x16=== RUN   TestA/one\n    a_test.go:7: counted: 20 pairs\n\x16--- PASS: TestA/one (0.00s)\n\x16=== NAME  TestA\n" +
		"\x16=== RUN   TestA/two\n    a_test.go:7: counted: 22 pairs\n    a_test.go:9: on this kernel: less is listed\n\x16--- PASS: TestA/two (0.00s)\n\x16=== NAME  TestA\n\x16--- PASS: TestA (0.00s)\n" +
		"\x16=== RUN   TestB\n    b_test.go:3: no such thing here\n\x16--- SKIP: TestB (0.00s)\n" +
		"\x16=== RUN   TestC\n\x16=== RUN   TestC/bad\n    c_test.go:2: on this kernel: all is well\n    c_test.go:3: (-want +got)\n\x16--- FAIL: TestC/bad (0.00s)\n\x16=== NAME  TestC\n\x16--- FAIL: TestC (0.00s)\n" +
		"\x16=== RUN   TestD\npanic: at the disco\n" +
		"=== exit 2\n=== end\n"
	for _, end := range []string{"\n", "\r\n"} {
		c, err := readColumn(t.Context(), line{name: "5.10"}, strings.ReplaceAll(said, "\n", end))
		if err != nil {
			t.Fatal(err)
		}
		notes := &footnotes{}
		got := map[string]string{"release": c.release, "summary": c.summary(), "failures": strings.Join(c.failures(), "; ")}
		for _, tests := range []string{"TestA", "TestA/one", "TestB", "TestC", "TestD", "TestE"} {
			got[tests] = c.cell(row{pkg: "netdiag", tests: []string{tests}}, notes)
		}
		got["footnotes"] = strings.Join(notes.all, "; ")
		want := map[string]string{
			"release": "5.10.0-test", "summary": "2 passed, 1 skipped, 2 failed",
			"failures": "netdiag TestC/bad: (-want +got); netdiag TestD: ",
			"TestA":    "ok, 42 pairs (1)", "TestA/one": "ok, 20 pairs", "TestB": "no (2)",
			"TestC": "**fails** (3)", "TestD": "**fails**", "TestE": "not run",
			"footnotes": "less is listed; no such thing here; all is well",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func TestCutShort(t *testing.T) {
	for _, said := range []string{
		"=== kernel 6.1\n=== package netdiag\n\x16=== RUN   TestA\n",
		"=== kernel 6.1\n=== package netdiag\nnstest: no namespace\n=== exit 1\n",
	} {
		if c, err := readColumn(t.Context(), line{}, said); err == nil {
			t.Errorf("%q is taken for %+v", said, c)
		}
	}
}
