package wholefile

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testFile = "zz-test.conf"

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), testFile)
	for _, text := range []string{"first\n", "second, longer\n", "3\n"} {
		if err := Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, string(got)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v: everybody may read what is configured", info.Mode(), err)
	}
	if err := Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := Remove(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v, want fs.ErrNotExist", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A reader sees one text or the other, however often they take turns.
func TestReplaceIsNeverSeenHalfDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), testFile)
	texts := map[string]bool{strings.Repeat("first\n", 1000): true, strings.Repeat("second\n", 2000): true}
	var writer sync.WaitGroup
	defer writer.Wait()
	done := make(chan struct{})
	defer close(done)
	for text := range texts {
		if err := Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	writer.Go(func() {
		for {
			for text := range texts {
				select {
				case <-done:
					return
				default:
				}
				if err := Replace(path, []byte(text)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for range 300 {
		got, err := os.ReadFile(path)
		if err != nil || !texts[string(got)] {
			t.Fatalf("%d bytes that nobody wrote, %v", len(got), err)
		}
	}
}

// A link that somebody has planted, under the temporary name or the final one, is replaced, never followed; and so is what
// one of us that was killed has left.
func TestReplaceFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, testFile), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{temporaryPath(path, os.Getpid()), path} {
		if err := os.Symlink(victim, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := Replace(path, []byte("ours\n")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "as it was" {
		t.Errorf("the file behind the links is %q, %v", text, err)
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What one of us that was killed has left goes with the next; what one that lives is about to rename stays.
func TestReplaceSweeps(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, testFile)
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left, alive := filepath.Base(temporaryPath(path, gone.Process.Pid)), filepath.Base(temporaryPath(path, os.Getppid()))
	for _, name := range []string{left, alive, ".zz-test.conf.x.tmp", ".another.conf.1.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []func() error{
		func() error { return Replace(path, []byte("ours\n")) },
		func() error { return Remove(path) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{".another.conf.1.tmp", alive, ".zz-test.conf.x.tmp"}, names); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}
