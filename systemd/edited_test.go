package systemd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDropInNames(t *testing.T) {
	for unit, want := range map[string][]string{
		"web.socket":        {"web.socket", "socket"},
		"web@8.socket":      {"web@8.socket", "socket", "web@.socket"},
		"a-b-c.socket":      {"a-b-c.socket", "socket", "a-.socket", "a-b-.socket"},
		`dev-a\x2db.socket`: {`dev-a\x2db.socket`, "socket", "dev-.socket"},
	} {
		if diff := cmp.Diff(want, dropInNames(unit)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", unit, diff)
		}
	}
}

// What systemd would not load, or has under another folder's file of the same name, is no new drop-in.
func TestNewDropIn(t *testing.T) {
	for name, tt := range map[string]struct {
		make   func(folder string) error
		loaded []string
		want   bool
	}{
		"none": {func(string) error { return nil }, nil, false},
		"new": {func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "a.conf"), []byte("[Socket]\n"), 0o644)
		}, []string{"/etc/systemd/system/web.socket.d/b.conf"}, true},
		"loaded": {func(folder string) error {
			return os.WriteFile(filepath.Join(folder, "a.conf"), []byte("[Socket]\n"), 0o644)
		}, []string{"/etc/systemd/system/web.socket.d/a.conf"}, false},
		"empty":        {func(folder string) error { return os.WriteFile(filepath.Join(folder, "a.conf"), nil, 0o644) }, nil, false},
		"masked":       {func(folder string) error { return os.Symlink("/dev/null", filepath.Join(folder, "a.conf")) }, nil, false},
		"another file": {func(folder string) error { return os.WriteFile(filepath.Join(folder, "a.conf~"), []byte("x"), 0o644) }, nil, false},
		"another unit's": {func(folder string) error {
			other := filepath.Join(filepath.Dir(folder), "webs.socket.d")
			if err := os.Mkdir(other, 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(other, "a.conf"), []byte("[Socket]\n"), 0o644)
		}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			folder := filepath.Join(root, "web.socket.d")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := tt.make(folder); err != nil {
				t.Fatal(err)
			}
			if got := newDropIn([]string{root, "/nowhere"}, "web.socket", tt.loaded); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
