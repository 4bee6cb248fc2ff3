package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"portguard/internal/needs"
)

// programs are paths of what is measured, and what it is measured with.
type programs struct{ portguard, bare, first, rss, hold string }

func programsIn(dir string) programs {
	in := func(name string) string { return filepath.Join(dir, name) }
	return programs{in("portguard"), in("bare"), in("first"), in("rss"), in("hold")}
}

// build makes the programs; portguard as it is released.
func (p programs) build() error {
	const here = "portguard/cmd/internal/bench/"
	for _, b := range []struct{ path, pkg, ldflags string }{
		{p.portguard, "portguard/cmd/portguard", "-s -w -E portguard/wrapper/become.entry"},
		{p.bare, here + "bare", "-s -w"},
		{p.first, here + "first", "-s -w -E main.entry"},
		{p.rss, here + "rss", "-s -w"},
	} {
		cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags="+b.ldflags, "-o", b.path, b.pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
		if err := install(b.path); err != nil {
			return err
		}
	}
	cmd := exec.Command("gcc", "-O2", "-x", "c", "-o", p.hold, "-")
	cmd.Stdin = strings.NewReader(holdSource)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}

// install makes a program what a package's would be: written as a whole. Go's linker writes through a mapping, so that the kernel has the file
// in single pages (folios), each of which it maps by itself whenever the program is started, which then takes a sixth longer.
func install(path string) error {
	program, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, program, 0o755)
}

// holdSource is in a directory of its own, as Go would compile what stands beside its files.
//
//go:embed hold/hold.c
var holdSource string

// peers says which of the programs that portguard is measured beside are not installed.
func peers() error {
	var missing []error
	for _, peer := range [][2]string{
		{"ss", "iproute2"}, {"fuser", "psmisc"}, {"lsof", "lsof"}, {"netstat", "net-tools"},
		{"gcc", "gcc"}, {"tini", "tini"}, {"dumb-init", "dumb-init"}, {"setpriv", "util-linux"},
	} {
		if _, err := needs.Find(peer[0], peer[1]); err != nil {
			missing = append(missing, err)
		}
	}
	return errors.Join(missing...)
}
