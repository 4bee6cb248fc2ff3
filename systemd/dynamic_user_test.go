package systemd

import (
	"os"
	"path/filepath"
	"testing"
)

// The directory is as systemd 252 and 257 leave it; 262 has no links.
func TestDynamicUser(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"62264": "dyn\n", "62265": "other\n", "x": "dyn\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"direct:62264": "dyn", "direct:dyn": "62264"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		dir, name string
		uid       uint32
		ok        bool
	}{
		{dir, "dyn", 62264, true},
		{dir, "other", 62265, true},
		{dir, "62264", 0, false},
		{dir, "", 0, false},
		{filepath.Join(dir, "none"), "dyn", 0, false},
	} {
		if uid, ok := dynamicUser(tt.dir, tt.name); uid != tt.uid || ok != tt.ok {
			t.Errorf("%q: %d, %v, want %d, %v", tt.name, uid, ok, tt.uid, tt.ok)
		}
	}
}
