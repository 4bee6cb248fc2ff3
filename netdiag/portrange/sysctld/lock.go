package sysctld

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// LockFile keeps two of us from changing the same settings at once. It is nobody else's, and readable by its owner
// alone: a user who may open it could hold it for ever. It stays, since to remove it would let two have it.
const LockFile = "/run/portguard.lock"

// Lock waits for the lock until the context ends. It lasts until unlock or the end of the process.
func Lock(ctx context.Context, root string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(root, LockFile), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
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
			return nil, &os.PathError{Op: "flock", Path: LockFile, Err: err}
		}
		// flock() has no time limit of its own; whoever has the lock needs it for milliseconds.
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("another portguard is changing the settings (it has %s locked): %w", LockFile, context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}
