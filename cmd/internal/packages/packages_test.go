package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// contents lists the files of a package, with their modes and owners where the format's own program shows them.
func contents(t *testing.T, path string) string {
	t.Helper()
	list := map[string]struct {
		debianPackage string
		argv          []string
	}{
		".deb": {"dpkg", []string{"dpkg-deb", "-c"}},
		".rpm": {"rpm", []string{"rpm", "-qplv"}},
		".apk": {"tar", []string{"tar", "-tvzf"}},
	}[filepath.Ext(path)]
	needs.Program(t, list.argv[0], list.debianPackage)
	argv := list.argv
	out, err := exec.Command(argv[0], append(argv[1:], path)...).Output()
	if err != nil {
		t.Fatalf("%q: %v", argv, err)
	}
	return string(out)
}

func TestContents(t *testing.T) {
	everywhere := []string{
		"-rwxr-xr-x usr/bin/portguard", "-rw-r--r-- usr/share/bash-completion/completions/portguard",
		"-rw-r--r-- usr/share/fish/vendor_completions.d/portguard.fish", "-rw-r--r-- usr/share/man/man1/portguard.1.gz",
		"-rw-r--r-- usr/share/man/man1/portguard-unit-install.1.gz", "-rw-r--r-- usr/share/doc/portguard/README.sysctl",
		"-rw-r--r-- usr/share/doc/portguard/examples/dropin.conf", "-rw-r--r-- usr/share/doc/portguard/docs/schema/v1.json",
		"-rw-r--r-- usr/share/doc/portguard/CHANGELOG.md", "-rw-r--r-- usr/share/doc/portguard/docs/audit.md",
	}
	others := []string{
		"-rw-r--r-- usr/share/zsh/site-functions/_portguard", "-rw-r--r-- usr/share/licenses/portguard/LICENSE",
		"-rw-r--r-- usr/share/licenses/portguard/THIRD-PARTY",
	}
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"portguard_0.1.0-1_amd64.deb", []string{
			"-rw-r--r-- usr/share/zsh/vendor-completions/_portguard", "-rw-r--r-- usr/share/doc/portguard/copyright",
			"-rw-r--r-- usr/share/doc/portguard/changelog.gz", "-rw-r--r-- usr/lib/systemd/system/portguard-audit.timer",
		}},
		{"portguard-0.1.0-1.x86_64.rpm", append(others, "-rw-r--r-- usr/lib/systemd/system/portguard-audit.timer")},
		{"portguard_0.1.0-r1_x86_64.apk", others},
		{"portguard_0.1.0-1_arm64.deb", nil},
		{"portguard-0.1.0-1.aarch64.rpm", nil},
		{"portguard_0.1.0-r1_aarch64.apk", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := contents(t, filepath.Join(dist(t), tt.name))
			var got []string
			for line := range strings.Lines(text) {
				fields := strings.Fields(line)
				if !strings.Contains(line, "root") && !strings.HasPrefix(fields[len(fields)-1], ".") {
					t.Errorf("not root's: %s", line)
				}
				got = append(got, fields[0]+" "+strings.TrimLeft(fields[len(fields)-1], "./"))
			}
			for _, want := range slices.Concat(everywhere, tt.want) {
				if !slices.Contains(got, want) {
					t.Errorf("%s is missing in\n%s", want, text)
				}
			}
		})
	}
}

// unpack returns one file of a deb.
func unpack(t *testing.T, deb, name string) []byte {
	t.Helper()
	text, ok := unpackAll(t, deb)[name]
	if !ok {
		t.Fatalf("%s is not in %s", name, deb)
	}
	return text
}

// unpackAll returns all files of a deb.
func unpackAll(t *testing.T, deb string) map[string][]byte {
	t.Helper()
	needs.Program(t, "dpkg-deb", "dpkg")
	out, err := exec.Command("dpkg-deb", "--fsys-tarfile", deb).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range untar(t, bytes.NewReader(out)) {
		all[strings.Trim(f.Name, "./")] = f.text
	}
	return all
}

// tarred is a file of an archive.
type tarred struct {
	*tar.Header
	text []byte
}

func untar(t *testing.T, from io.Reader) (all []tarred) {
	t.Helper()
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tarred{h, text})
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

// followLinks returns how many links of documents lead to other files of what they are in, which all have to be there.
func followLinks(t *testing.T, all map[string][]byte) (n int) {
	t.Helper()
	for path, text := range all {
		if !strings.HasSuffix(path, ".md") {
			continue
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if target := string(m[1]); !strings.Contains(target, "://") {
				n++
				if !isThere(all, filepath.Join(filepath.Dir(path), target)) {
					t.Errorf("%s: there is no %s", path, target)
				}
			}
		}
	}
	return n
}

// isThere reports whether there is a file of that name, packed or not, or a directory.
func isThere(all map[string][]byte, name string) bool {
	for path := range all {
		if path == name || strings.HasPrefix(path, name+"/") || path == name+".gz" {
			return true
		}
	}
	return false
}

// What the documents in a package link to is in it, and so is every path that help and manual pages name.
func TestWhatIsReferredToIsThere(t *testing.T) {
	all := unpackAll(t, filepath.Join(dist(t), "portguard_0.1.0-1_amd64.deb"))
	named := regexp.MustCompile(`/usr/share/doc/portguard/[\w./-]*\w`)
	links, paths := followLinks(t, all), 0
	for path, text := range all {
		if strings.HasPrefix(path, "usr/share/man/") && strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(path, "usr/bin/") {
			continue // one string follows on the other there; help is as the manual
		}
		for _, name := range named.FindAllString(strings.ReplaceAll(string(text), `\-`, "-"), -1) {
			if paths++; !isThere(all, name[1:]) {
				t.Errorf("%s: there is no %s", path, name)
			}
		}
	}
	if links < 40 || paths < 3 {
		t.Errorf("%d links and %d paths are found", links, paths)
	}
}

// Nothing of the machine that built it is in a package: no name and no time in what is compressed, no path of the source.
func TestNothingOfTheBuilder(t *testing.T) {
	deb := filepath.Join(dist(t), "portguard_0.1.0-1_amd64.deb")
	z, err := gzip.NewReader(bytes.NewReader(unpack(t, deb, "usr/share/man/man1/portguard.1.gz")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(gzip.Header{OS: z.OS}, z.Header); diff != "" {
		t.Errorf("header (-want +got)\n%s", diff)
	}
	for _, name := range []string{"usr/bin/portguard", "usr/share/bash-completion/completions/portguard"} {
		if text := unpack(t, deb, name); bytes.Contains(text, []byte(filepath.Dir(dist(t)))) {
			t.Errorf("%s has the path of its source", name)
		}
	}
	if text := unpack(t, deb, "usr/share/doc/portguard/THIRD-PARTY.gz"); len(text) < 1000 {
		t.Errorf("the licences of others take %d bytes", len(text))
	}
}

// The program has no interpreter and no libraries, so it makes no difference whether a system has glibc, musl or neither:
// it runs in a root directory that has nothing else, not even /proc.
func TestProgramNeedsNothing(t *testing.T) {
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		f, err := elf.NewFile(bytes.NewReader(unpack(t, filepath.Join(dist(t), "portguard_0.1.0-1_"+arch+".deb"), "usr/bin/portguard")))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != machine {
			t.Errorf("%s: the program is for %v", arch, f.Machine)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: it has a %v", arch, p.Type)
			}
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root, for chroot(2)")
	}
	program := unpack(t, filepath.Join(dist(t), "portguard_0.1.0-1_amd64.deb"), "usr/bin/portguard")
	const most = 8 << 20
	if len(program) > most {
		t.Errorf("the program takes %d bytes, more than %d", len(program), most)
	}
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "portguard"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"version", "portguard v0.1.0 "},
		{"version", "captured by our own entry point, exact"},
		{"-p 30010", "30010/tcp is free"},
		{"-p 30010 -- /portguard version", "portguard v0.1.0 "},
	} {
		cmd := exec.Command("/portguard", strings.Fields(tt.args)...)
		cmd.Path, cmd.Dir, cmd.Env = "/portguard", "/", []string{}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWNET}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("portguard %s: %v, want %q\n%s", tt.args, err, tt.want, out)
		}
	}
}

// Debian's own check has nothing to complain of beyond what files/lintian gives a reason for.
func TestLintian(t *testing.T) {
	needs.Program(t, "lintian", "lintian")
	deb := filepath.Join(dist(t), "portguard_0.1.0-1_amd64.deb")
	out, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", deb).CombinedOutput()
	if err != nil || strings.Contains(string(out), "W: ") {
		t.Errorf("%v\n%s", err, out)
	}
}
