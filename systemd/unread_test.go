package systemd

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAnyUnloaded(t *testing.T) {
	root := t.TempDir()
	path := func(name string) string { return filepath.Join(root, name) }
	for _, name := range []string{"usr/a.conf", "etc/a.conf", "etc/b.conf"} {
		if err := os.MkdirAll(filepath.Dir(path(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("usr", path("lib")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name          string
		files, loaded []string
		want          bool
	}{
		{"none", nil, nil, false},
		{"a loaded one", []string{path("etc/a.conf")}, []string{path("etc/a.conf")}, false},
		{"by another path", []string{path("lib/a.conf")}, []string{path("usr/a.conf")}, false},
		{"one beside it", []string{path("etc/a.conf"), path("etc/b.conf")}, []string{path("etc/a.conf")}, true},
		{"one of its name", []string{path("usr/a.conf"), path("etc/a.conf")}, []string{path("usr/a.conf")}, true},
		{"a loaded one that is gone", nil, []string{path("usr/gone.conf")}, false},
	} {
		if got := anyUnloaded(tt.files, tt.loaded); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestUnitFile(t *testing.T) {
	root := t.TempDir()
	path := func(name string) string { return filepath.Join(root, name) }
	for name, target := range map[string]string{"etc/masked.service": "/dev/null", "usr/masked.service": "x", "usr/t@.service": "x", "etc/t@one.service": "x", "usr/gone.service": "nowhere"} {
		if err := os.MkdirAll(filepath.Dir(path(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path(name)); err != nil {
			t.Fatal(err)
		}
	}
	for unit, want := range map[string]string{
		"masked.service": "etc/masked.service",
		"t@one.service":  "etc/t@one.service",
		"t@two.service":  "usr/t@.service",
		"gone.service":   "usr/gone.service",
		"none.service":   "",
	} {
		got := unitFile([]string{path("control"), path("etc"), path("usr")}, unit)
		if want == "" && got == nil || len(got) == 1 && got[0] == path(want) {
			continue
		}
		t.Errorf("%s: %v, want %s", unit, got, want)
	}
}
