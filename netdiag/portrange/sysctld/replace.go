package sysctld

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

// Replace makes a drop-in have this text, or removes it when text is nil. Whoever reads it sees the old or the new as a
// whole, and after a crash or on a full disk, too, it is one or the other. It is on the disk when Replace returns.
func Replace(root, name string, text []byte) error {
	target := filepath.Join(root, name)
	dir := filepath.Dir(target)
	if err := sweep(dir, filepath.Base(target)); err != nil {
		return err
	}
	if text == nil {
		if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return syncDir(dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temporary := filepath.Join(dir, temporaryName(filepath.Base(target), os.Getpid()))
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // never through a link that stands there
	if err != nil {
		return err
	}
	if err := fill(f, text); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, target); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncDir(dir)
}

// temporaryName is what a file is called while a process writes it. It must not end in .conf: what a crash leaves behind is
// no configuration.
func temporaryName(file string, pid int) string { return fmt.Sprintf(".%s.%d.tmp", file, pid) }

// sweep removes what processes that were killed have left of a file.
func sweep(dir, file string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		number := strings.TrimPrefix(strings.TrimSuffix(e.Name(), ".tmp"), "."+file+".")
		pid, err := strconv.Atoi(number)
		if err != nil || pid <= 0 || e.Name() != temporaryName(file, pid) || pid != os.Getpid() && unix.Kill(pid, 0) != unix.ESRCH {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func fill(f *os.File, text []byte) error {
	_, err := f.Write(text)
	return errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
}

// syncDir makes names in a directory last. Where there is no directory nothing was to be removed.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
