package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portguard/internal/needs"
)

// Who cannot be told the age of the source is told what is missing.
func TestWhyTheAgeOfTheSourceIsUnknown(t *testing.T) {
	git := needs.Program(t, "git", "git")
	for _, tt := range []struct {
		name, want string
		prepare    func(t *testing.T, dir string)
	}{
		{"no git", "git is not installed", func(t *testing.T, dir string) { t.Setenv("PATH", dir) }},
		{"no repository", "git says: not a git repository", func(t *testing.T, dir string) { t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir)) }},
		{"somebody else's", "git says: detected dubious ownership in repository", func(t *testing.T, dir string) {
			if err := in(dir, git, "init", "-q"); err != nil {
				t.Fatal(err)
			}
			t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
			t.Setenv("GIT_CONFIG_SYSTEM", "/dev/null")
			if err := os.Chown(dir, 12345, 12345); err != nil {
				t.Skip("needs root, to be somebody else: ", err)
			}
		}},
		{"no commit", "git says: your current branch", func(t *testing.T, dir string) {
			if err := in(dir, git, "init", "-q"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.prepare(t, dir)
			if commit, err := lastCommit(dir); err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q, %v; want %q", commit, err, tt.want)
			}
		})
	}
}
