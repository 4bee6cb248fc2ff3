package wholefile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLockIsHeldByOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Lock(short, path); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), path) {
		t.Errorf("while it is held: %v", err)
	}
	unlock()
	unlock, err = Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: a user who may open it may hold it for ever", info.Mode(), err)
	}
}

// The lock is opened, never through a link: in a directory that others may write, it could be any file of root's.
func TestLockFollowsNoLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.Symlink("/etc/passwd", path); err != nil {
		t.Fatal(err)
	}
	if unlock, err := Lock(t.Context(), path); err == nil {
		unlock()
		t.Error("a link was opened")
	}
}

// Where no system runs, as in an image that is being built, there may be no place for a lock, and nobody to be kept off.
func TestLockWithoutDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "lock")
	unlock, err := Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("a directory was made for it: %v", err)
	}
}

// A container's /run may be read-only: its own, where nobody can have made a lock, or the host's, whose lock counts.
func TestLockOnAReadOnlyFileSystem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	hosts, err := Lock(t.Context(), filepath.Join(dir, "hosts"))
	if err != nil {
		t.Fatal(err)
	}
	defer hosts()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // it ends with this goroutine, and the mount with it
		done <- func() error {
			if err := errors.Join(unix.Unshare(unix.CLONE_FS|unix.CLONE_NEWNS), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
				unix.Mount(dir, dir, "", unix.MS_BIND, ""), unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")); err != nil {
				return err
			}
			unlock, err := Lock(t.Context(), path)
			if err != nil {
				return fmt.Errorf("where nobody has one: %w", err)
			}
			unlock()
			short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := Lock(short, filepath.Join(dir, "hosts")); !errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("while the host has it: %w", err)
			}
			return nil
		}()
	}()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
