package measured

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteReplacesOnePart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proof.md")
	const document = "text\n<!-- measured: a -->\nold\n<!-- end -->\nmore\n<!-- measured: b -->\nold\n<!-- end -->\n"
	if err := os.WriteFile(path, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, "b", "| new |\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := Read(path, "b"); err != nil || text != "| new |\n" {
		t.Errorf("read %q, %v", text, err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "text\n<!-- measured: a -->\nold\n<!-- end -->\nmore\n<!-- measured: b -->\n| new |\n<!-- end -->\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDocumentWithoutAPlaceForItStaysAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proof.md")
	for name, document := range map[string]string{
		"no lines":                 "text\n",
		"another name":             "<!-- measured: b -->\n<!-- end -->\n",
		"it does not end":          "<!-- measured: a -->\n",
		"it ends before it begins": "<!-- end -->\n<!-- measured: a -->\n",
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(document), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := Write(path, "a", "new\n"); err == nil {
				t.Error("no error")
			}
			if text, err := Read(path, "a"); err == nil {
				t.Errorf("read %q", text)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(document, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
