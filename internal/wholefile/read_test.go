package wholefile

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Whatever stands in a file's place, the answer comes at once.
func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name string
		put  func(path string) error
		text string
		err  error
	}{
		{"a file", func(path string) error { return os.WriteFile(path, []byte("text\n"), 0o600) }, "text\n", nil},
		{"a link to a file", func(path string) error {
			return errors.Join(os.WriteFile(path+".d", []byte("text\n"), 0o600), os.Symlink(path+".d", path))
		}, "text\n", nil},
		{"turned off by a link to /dev/null", func(path string) error { return os.Symlink("/dev/null", path) }, "", nil},
		{"nothing", func(string) error { return nil }, "", fs.ErrNotExist},
		{"a link to nothing", func(path string) error { return os.Symlink(path+".d", path) }, "", fs.ErrNotExist},
		{"a directory", func(path string) error { return os.Mkdir(path, 0o700) }, "", unix.EISDIR},
		{"a pipe that nobody writes to", func(path string) error { return unix.Mkfifo(path, 0o600) }, "", ErrNoFile},
		{"a socket", func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		}, "", ErrNoFile},
		{"a device without an end", func(path string) error { return os.Symlink("/dev/zero", path) }, "", ErrNoFile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if err := tt.put(path); err != nil {
				t.Fatal(err)
			}
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				if text, err := Read(path); string(text) != tt.text || !errors.Is(err, tt.err) {
					t.Errorf("%q, %v; want %q, %v", text, err, tt.text, tt.err)
				}
			}()
			select {
			case <-answered:
			case <-time.After(10 * time.Second):
				t.Fatal("it waits")
			}
		})
	}
}
