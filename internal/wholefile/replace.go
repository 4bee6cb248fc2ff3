package wholefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Replace makes a file have this text and mode 0644. Its directory has to be there. The text is on the disk when Replace
// returns; when it fails, on a full disk for one, the file is as it was. A link in the file's place is replaced, not followed.
func Replace(path string, text []byte) error {
	if err := Sweep(path); err != nil {
		return err
	}
	temporary := temporaryPath(path, os.Getpid())
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // never through a link that stands there
	if err != nil {
		return err
	}
	if err := fill(f, text); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return Sync(filepath.Dir(path))
}

// Remove takes a file away, for good. Errors are fs.ErrNotExist: it is not there; and those of the file system.
func Remove(path string) error {
	if err := Sweep(path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return Sync(filepath.Dir(path))
}

// temporaryPath is where a process writes a file's next text. The name begins with a dot and ends in .tmp, so that no program
// which reads all files of a directory takes it for a file of settings: a crash may leave it behind.
func temporaryPath(path string, pid int) string {
	dir, file := filepath.Split(path)
	return filepath.Join(dir, fmt.Sprintf(".%s.%d.tmp", file, pid))
}

// Sweep removes what processes that were killed have left of a file. What one that lives is writing stays.
func Sweep(path string) error {
	dir, file := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		left := filepath.Join(dir, e.Name())
		number := strings.TrimPrefix(strings.TrimSuffix(e.Name(), ".tmp"), "."+file+".")
		pid, err := strconv.Atoi(number)
		if err != nil || pid <= 0 || left != temporaryPath(path, pid) || pid != os.Getpid() && unix.Kill(pid, 0) != unix.ESRCH {
			continue
		}
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func fill(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
}

// Sync makes the names in a directory last.
func Sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
