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
// would let two have it. Where there is no place for one, no lock is taken: see openLock.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return func() {}, nil
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

// openLock gives no file, and no error, where there is nobody to be kept off: in an image without the directory, where no system
// runs, and where the directory is read-only and nobody has made the file. One that is there, as in a container with the host's
// /run, can be locked all the same.
func openLock(path string) (*os.File, error) {
	const flags = unix.O_NOFOLLOW | unix.O_NONBLOCK
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|flags, 0o600)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, missing := os.Stat(filepath.Dir(path)); errors.Is(missing, fs.ErrNotExist) {
			return nil, nil
		}
	case errors.Is(err, unix.EROFS):
		if f, err = os.OpenFile(path, os.O_RDONLY|flags, 0); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	return f, err
}
