package sysctld

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const testFile = "/etc/sysctl.d/zz-test.conf"

func TestReplace(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, testFile)
	for _, text := range []string{"first\n", "second, longer\n", "3\n"} {
		if err := Replace(root, testFile, []byte(text)); err != nil {
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
	for range 2 { // removing what is not there is done already
		if err := Replace(root, testFile, nil); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A reader sees one text or the other, however often they take turns.
func TestReplaceIsNeverSeenHalfDone(t *testing.T) {
	root := t.TempDir()
	texts := map[string]bool{}
	for i := range 2 {
		texts[string(Own("a/b", strconv.Itoa(i)+string(make([]byte, 5000*(i+1)))))] = true
	}
	var writer sync.WaitGroup
	defer writer.Wait()
	done := make(chan struct{})
	defer close(done)
	for text := range texts {
		if err := Replace(root, testFile, []byte(text)); err != nil {
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
				if err := Replace(root, testFile, []byte(text)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for range 300 {
		got, err := os.ReadFile(filepath.Join(root, testFile))
		if err != nil || !texts[string(got)] {
			t.Fatalf("%d bytes that nobody wrote, %v", len(got), err)
		}
	}
}

func TestLockIsHeldByOneAtATime(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := Lock(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Lock(short, root); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is held: %v", err)
	}
	unlock()
	unlock, err = Lock(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if info, err := os.Stat(filepath.Join(root, LockFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: a user who may open it may hold it for ever", info.Mode(), err)
	}
}

// A link that somebody has planted, under the temporary name or the final one, is replaced, never followed; and so is what
// one of us that was killed has left.
func TestReplaceFollowsNoLink(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, filepath.Dir(testFile))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(root, "victim")
	if err := os.WriteFile(victim, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Join(dir, temporaryName("zz-test.conf", os.Getpid())), filepath.Join(root, testFile)} {
		if err := os.Symlink(victim, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := Replace(root, testFile, []byte("ours\n")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "as it was" {
		t.Errorf("the file behind the links is %q, %v", text, err)
	}
	info, err := os.Lstat(filepath.Join(root, testFile))
	if err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// What one of us that was killed has left goes with the next; what one that lives is about to rename stays.
func TestReplaceSweeps(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, filepath.Dir(testFile))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left, alive := temporaryName("zz-test.conf", gone.Process.Pid), temporaryName("zz-test.conf", os.Getppid())
	for _, name := range []string{left, alive, ".zz-test.conf.x.tmp", ".another.conf.1.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range [][]byte{[]byte("ours\n"), nil} {
		if err := Replace(root, testFile, text); err != nil {
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

// The lock is opened, never through a link: in a directory that others may write, it could be any file of root's.
func TestLockFollowsNoLink(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(root, LockFile)); err != nil {
		t.Fatal(err)
	}
	if unlock, err := Lock(t.Context(), root); err == nil {
		unlock()
		t.Error("a link was opened")
	}
}
