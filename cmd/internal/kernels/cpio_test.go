package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
)

// Another program takes the archive apart again. Archives may follow one another, as the kernel's image and the tests do.
func TestArchiveIsUnpacked(t *testing.T) {
	busybox := needs.Program(t, "busybox", "busybox-static")
	want := map[string]string{"run": "#!/bin/sh\n", "bin/odd": "12345", "bin/empty": "", "bin/link": "odd"}
	from, to := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(from, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		path := filepath.Join(from, name)
		var err error
		if name == "bin/link" {
			err = os.Symlink(text, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var archive bytes.Buffer
	if err := writeCPIO(&archive, from); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(busybox, "cpio", "-i")
	cmd.Dir, cmd.Stdin = to, &archive
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := map[string]string{}
	for name := range want {
		path := filepath.Join(to, name)
		if target, err := os.Readlink(path); err == nil {
			got[name] = target
		} else if text, err := os.ReadFile(path); err == nil {
			got[name] = string(text)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if info, err := os.Stat(filepath.Join(to, "run")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
