package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"portguard/internal/needs"
)

// An archive has what the package has for who needs no systemd units, and is unpacked below /usr/local without a change to
// a directory that is there. Its program is the package's.
func TestArchive(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dist(t), "portguard_0.1.0_linux_"+arch+".tar.gz"))
			if err != nil {
				t.Fatal(err)
			}
			z, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(gzip.Header{OS: z.OS}, z.Header); diff != "" {
				t.Errorf("header (-want +got)\n%s", diff)
			}
			all := map[string][]byte{}
			for _, f := range untar(t, z) {
				all[f.Name] = f.text
				mode := int64(0o644)
				if f.Name == "bin/portguard" {
					mode = 0o755
				}
				want := tar.Header{Typeflag: tar.TypeReg, Name: f.Name, Size: int64(len(f.text)), Mode: mode,
					Uname: "root", Gname: "root", ModTime: time.Unix(1795348800, 0), Format: f.Format} // 2026-11-22T12:00:00Z
				if diff := cmp.Diff(want, *f.Header); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
			deb := unpackAll(t, filepath.Join(dist(t), "portguard_0.1.0-1_"+arch+".deb"))
			for in, inDeb := range map[string]string{
				"bin/portguard":                                                      "",
				"share/man/man1/portguard.1.gz":                                      "",
				"share/man/man1/portguard-unit-install.1.gz":                         "",
				"share/bash-completion/completions/portguard":                        "",
				"share/zsh/site-functions/_portguard":                                "share/zsh/vendor-completions/_portguard",
				"share/fish/vendor_completions.d/portguard.fish":                     "",
				"share/doc/portguard/README.md":                                      "",
				"share/doc/portguard/docs/schema/v1.json":                            "",
				"share/doc/portguard/docs/examples/prometheus/portguard-audit.timer": "",
			} {
				if inDeb == "" {
					inDeb = in
				}
				if got, want := all[in], deb["usr/"+inDeb]; len(got) == 0 || !bytes.Equal(got, want) {
					t.Errorf("%s has %d bytes, in the package it has %d", in, len(got), len(want))
				}
			}
			if license, third := len(all["share/doc/portguard/LICENSE"]), len(all["share/doc/portguard/THIRD-PARTY"]); license < 1000 || third < 1000 {
				t.Errorf("the licence takes %d bytes, those of others %d", license, third)
			}
			if n := followLinks(t, all); n < 40 {
				t.Errorf("%d links are found", n)
			}
		})
	}
}

// The SBOM has what the program says is linked into it, in the form that CycloneDX prescribes.
func TestSBOM(t *testing.T) {
	name := filepath.Join(dist(t), "portguard_0.1.0_linux_amd64.cdx.json")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if err := cycloneDX(t).Validate(document); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	var bom cdx.BOM
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "portguard")
	if err := os.WriteFile(program, unpack(t, filepath.Join(dist(t), "portguard_0.1.0-1_amd64.deb"), "usr/bin/portguard"), 0o755); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("go", "version", "-m", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pkg:golang/portguard@v0.1.0"}
	for line := range strings.Lines(string(said)) {
		switch fields := strings.Fields(line); {
		case strings.HasPrefix(line, program):
			want = append(want, "pkg:golang/std@"+strings.TrimPrefix(fields[1], "go"))
		case fields[0] == "dep":
			want = append(want, "pkg:golang/"+fields[1]+"@"+fields[2])
		}
	}
	got := []string{bom.Metadata.Component.PackageURL}
	for _, c := range *bom.Components {
		got = append(got, c.PackageURL)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) < 8 {
		t.Errorf("components (-want +got)\n%s", diff)
	}
	sum, err := exec.Command("sha256sum", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	if hashes := *bom.Metadata.Component.Hashes; !strings.HasPrefix(string(sum), hashes[0].Value+" ") {
		t.Errorf("the program's sum is %v, want %s", hashes, sum)
	}
}

// cycloneDX is the schema of CycloneDX 1.6, which is among the library's files.
func cycloneDX(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schemax.json"} {
		f, err := os.Open(filepath.Join(strings.TrimSpace(string(dir)), "schema", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		document, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource(document.(map[string]any)["$id"].(string), document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// SHA256SUMS is what sha256sum reads, and no file is left out.
func TestSums(t *testing.T) {
	needs.Program(t, "sha256sum", "coreutils")
	cmd := exec.Command("sha256sum", "--strict", "-c", "SHA256SUMS")
	cmd.Dir = dist(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(cmd.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "SHA256SUMS" && !strings.Contains(string(out), fmt.Sprintln(e.Name()+": OK")) {
			t.Errorf("%s has no sum:\n%s", e.Name(), out)
		}
	}
}

// README's way to be rid of an unpacked archive leaves what there was before, and nothing else.
func TestArchiveRemoved(t *testing.T) {
	needs.Program(t, "tar", "tar")
	archive := filepath.Join(dist(t), "portguard_0.1.0_linux_amd64.tar.gz")
	for name, there := range map[string][]string{
		"a host with nothing in /usr/local": {"bin/", "share/man/"},
		"beside others": {
			"bin/other", "share/man/man1/other.1", "share/doc/other/README", "share/bash-completion/completions/other", "share/empty/",
		},
	} {
		t.Run(name, func(t *testing.T) {
			local := t.TempDir()
			for _, p := range there {
				path := filepath.Join(local, p)
				if err := os.MkdirAll(filepath.Dir(local+"/"+p+"x"), 0o755); err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(p, "/") {
					continue
				}
				if err := os.WriteFile(path, nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := tree(t, local)
			for _, readme := range []string{"../../../README.md", "../../../README.zh-CN.md"} {
				if out, err := exec.Command("tar", "-xzf", archive, "-C", local).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				script := strings.NewReplacer("/usr/local", local, "dist/portguard_*_linux_amd64.tar.gz", archive).Replace(removal(t, readme))
				if out, err := exec.Command("sh", "-e", "-c", script).CombinedOutput(); err != nil || len(out) > 0 {
					t.Fatalf("%s%v\n%s", script, err, out)
				}
				if diff := cmp.Diff(before, tree(t, local)); diff != "" {
					t.Errorf("%s (-before +after)\n%s", readme, diff)
				}
			}
		})
	}
}

// removal is the block of commands by which README takes an archive's files away, without that for the drop-ins.
func removal(t *testing.T, readme string) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n    portguard unit remove --all\n")
	block, _, ends := strings.Cut(after, "\n\n")
	if !found || !ends || !strings.Contains(block, "xargs rm") {
		t.Fatalf("%s has no such block: %q", readme, block)
	}
	return block + "\n"
}

// tree are the paths below a directory.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, strings.TrimPrefix(path, dir))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
