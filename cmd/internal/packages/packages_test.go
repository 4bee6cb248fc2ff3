package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"portguard/internal/needs"
)

var (
	long       = flag.Bool("packages.long", false, "build everything twice, not only what is for this architecture, and install in a fresh Debian")
	rigRelease = flag.String("rig.release", "bookworm", "with -packages.long: the `RELEASE` of Debian, or a root directory")
)

func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if first.dir != "" {
		_ = os.RemoveAll(filepath.Dir(first.dir))
	}
	os.Exit(status)
}

// first is what this process has built; TestMain removes it.
var first distribution

type distribution struct {
	sync.Once
	dir string // of the packages; the source is beside it
	err error
}

// dist builds the packages, once, of a copy of the source in a repository of its own, and returns their directory.
func dist(t *testing.T) string {
	t.Helper()
	needs.Program(t, "git", "git")
	first.Do(func() {
		var dir string
		if dir, first.err = os.MkdirTemp("", "portguard-dist-"); first.err == nil {
			first.dir = filepath.Join(dir, "dist")
			first.err = first.build(filepath.Join(dir, "source"))
		}
	})
	if first.err != nil {
		t.Fatal(first.err)
	}
	return first.dir
}

// build copies the source as it is, commits the copy, and builds its packages.
func (d *distribution) build(source string) error {
	if err := copySource("../../..", source); err != nil {
		return err
	}
	for _, git := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "-m", "as it is"}, {"tag", "v0.1.0"}} {
		if err := in(source, "git", git...); err != nil {
			return err
		}
	}
	return in(source, "go", "run", "./cmd/internal/packages", "-out", d.dir)
}

// in runs a command in a directory.
func in(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	// In a hook of git's, GIT_DIR is the repository that it works on.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "GIT_") })
	cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		cmd.Env = append(cmd.Env, "GIT_"+who+"_NAME=Some Body", "GIT_"+who+"_EMAIL=body@example.org", "GIT_"+who+"_DATE=2026-11-22T12:00:00Z")
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, text)
	}
	return nil
}

func copySource(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case rel == ".git" && !d.IsDir(): // of a worktree: it leads to the repository, which is not ours to commit to
			return nil
		case d.IsDir() && (rel == ".git" || rel == "dist"):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, info.Mode())
	})
}

// What is committed and tagged is the copy's, and never the repository that the tests run in, worktree or not.
func TestTheCopyIsARepositoryOfItsOwn(t *testing.T) {
	git := needs.Program(t, "git", "git")
	repository, copied := filepath.Join(t.TempDir(), "repository"), filepath.Join(t.TempDir(), "copy")
	worktree := filepath.Join(filepath.Dir(repository), "worktree")
	for _, args := range [][]string{{"init", "-q", repository}, {"-C", repository, "commit", "-q", "--allow-empty", "-m", "first"},
		{"-C", repository, "worktree", "add", "-q", worktree}} {
		if err := in(filepath.Dir(repository), git, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := copySource(worktree, copied); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_DIR", filepath.Join(repository, ".git")) // as in a hook
	for _, args := range [][]string{{"init", "-q"}, {"commit", "-q", "--allow-empty", "-m", "as it is"}, {"tag", "v0.1.0"}} {
		if err := in(copied, git, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := in(repository, git, "rev-parse", "-q", "--verify", "v0.1.0"); err == nil {
		t.Error("the repository has the copy's tag")
	}
}

// The same commit gives the same bytes: of a clone in another directory, in another time zone, with another umask.
func TestReproducible(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(dist(t), "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	arches := "amd64"
	if *long {
		arches = "amd64,arm64"
	}
	t.Setenv("TZ", "Asia/Kolkata")
	defer syscall.Umask(syscall.Umask(0o077))
	clone, again := filepath.Join(t.TempDir(), "a clone"), filepath.Join(t.TempDir(), "elsewhere")
	if err := in(".", "git", "clone", "-q", filepath.Join(filepath.Dir(dist(t)), "source"), clone); err != nil {
		t.Fatal(err)
	}
	if err := in(clone, "go", "run", "./cmd/internal/packages", "-out", again, "-arch", arches); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(again, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(got)) {
		n++
		if !strings.Contains(string(want), line) {
			t.Errorf("the second build has %sthe first\n%s", line, want)
		}
	}
	if want := 5 * (strings.Count(arches, ",") + 1); n != want { // three packages, the archive, the SBOM
		t.Errorf("%d files, want %d\n%s", n, want, got)
	}
}
