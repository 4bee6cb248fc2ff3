package sysctld

import (
	"context"
	"errors"
	"os"
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
