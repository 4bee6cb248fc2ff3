package main

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
)

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
