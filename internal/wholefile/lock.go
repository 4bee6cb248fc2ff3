package wholefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Lock waits until no other process has the lock file, or the context ends. The lock lasts until unlock, or the end of the process.
// The file is readable by its owner alone: a user who may open it could hold it for ever. It stays, since to remove it
// would let two have it. Where its directory does not exist, as /run in an image that is being built, no system runs and there
// is nobody to be kept off: no lock is taken.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if _, missing := os.Stat(filepath.Dir(path)); errors.Is(missing, fs.ErrNotExist) {
			return func() {}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case errors.Is(err, unix.EINTR):
			continue
		case !errors.Is(err, unix.EWOULDBLOCK):
			f.Close()
			return nil, &os.PathError{Op: "flock", Path: path, Err: err}
		}
		// flock() has no time limit of its own.
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("another portguard is at work (it has %s locked): %w", path, context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}
