package sysctld

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes a drop-in have this text, or removes it when text is nil. Whoever reads it sees the old or the new as a
// whole, and after a crash or on a full disk, too, it is one or the other. It is on the disk when Replace returns.
func Replace(root, name string, text []byte) error {
	target := filepath.Join(root, name)
	dir := filepath.Dir(target)
	if text == nil {
		if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return syncDir(dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// The name must not end in .conf: what a crash leaves behind is no configuration.
	temp, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	if err := fill(temp, text); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if err := os.Rename(temp.Name(), target); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncDir(dir)
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
