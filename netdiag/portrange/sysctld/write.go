package sysctld

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"portguard/internal/wholefile"
)

// LockFile keeps two of us from changing the same settings at once; whoever has it needs it for milliseconds.
const LockFile = "/run/portguard.lock"

// Lock waits for the lock until the context ends. It lasts until unlock or the end of the process.
func Lock(ctx context.Context, root string) (unlock func(), err error) {
	return wholefile.Lock(ctx, filepath.Join(root, LockFile))
}

// Replace makes a drop-in have this text, or removes it when text is nil. Whoever reads it sees the old or the new as a
// whole, and after a crash or on a full disk, too, it is one or the other. It is on the disk when Replace returns.
func Replace(root, name string, text []byte) error {
	path := filepath.Join(root, name)
	if text == nil {
		if err := wholefile.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil // done already
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return wholefile.Replace(path, text)
}
