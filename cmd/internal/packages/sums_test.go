package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A directory has the files of one build, and keeps what is not of one.
func TestEarlierBuildIsTakenAway(t *testing.T) {
	dir := t.TempDir()
	write := func(names ...string) {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("portguard_1_amd64.deb", "portguard_1_amd64.cdx.json")
	if err := checksums(dir); err != nil {
		t.Fatal(err)
	}
	write("portguard-notes.txt", "mine")
	if err := os.WriteFile(filepath.Join(dir, "portguard_1_amd64.cdx.json"), []byte("changed"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to take away
		if err := takeAway(dir); err != nil {
			t.Fatal(err)
		}
	}
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if diff := cmp.Diff([]string{"mine", "portguard-notes.txt", "portguard_1_amd64.cdx.json"}, left); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
