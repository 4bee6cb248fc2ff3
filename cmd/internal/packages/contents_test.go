package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portguard/internal/needs"
)

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
