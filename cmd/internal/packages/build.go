package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
)

// build is what has been made for the packages, in a directory that is removed at the end.
type build struct {
	source
	dir  string
	nfpm string           // the program
	info *debug.BuildInfo // of the program that was built last; its version is as Go stamps it: v0.1.0, a pseudo-version, "(devel)"
}

func (b *build) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

// linked is how portguard is built for people: static, without symbols, and with its own entry point.
const linked = "-s -w -E portguard/wrapper/become.entry"

// program builds portguard for an architecture.
func (b *build) program(arch string) error {
	to := b.path("bin", arch, "portguard")
	if _, err := b.golang([]string{"GOOS=linux", "GOARCH=" + arch},
		"build", "-trimpath", fmt.Sprintf("-buildvcs=%t", b.repository), "-ldflags="+linked, "-o", to, "./cmd/portguard"); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(to)
	if err != nil {
		return err
	}
	b.info = info
	return b.notices(info)
}

// docs makes the manual pages and the completions, by a portguard for this machine.
func (b *build) docs() error {
	tool := b.path("portguard-man")
	host := []string{"GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
	if _, err := b.golang(host, "build", "-tags", "man", fmt.Sprintf("-buildvcs=%t", b.repository), "-o", tool, "./cmd/portguard"); err != nil {
		return err
	}
	cmd := exec.Command(tool, "man", b.path("man"))
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", b.date.Unix()))
	if _, err := output(cmd); err != nil {
		return err
	}
	if err := os.MkdirAll(b.path("completion"), 0o755); err != nil {
		return err
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, err := output(exec.Command(tool, "completion", shell))
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.path("completion", shell), []byte(script+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packager builds nFPM, or finds what was built before, wherever that was.
func (b *build) packager() (err error) {
	b.nfpm, err = b.golang([]string{"GOFLAGS=-trimpath"}, "tool", "-n", "-modfile=cmd/internal/packages/nfpm.mod", "nfpm")
	return err
}
