package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/systemd/rigtest"
)

//go:embed root.sh
var rootScript string // read only

// rootOf is the root directory of a release with these packages. It is kept in the cache, and gets what it lacks. missing are
// packages that this release does not have.
func rootOf(ctx context.Context, cache, release string, packages []string) (dir string, missing []string, err error) {
	dir = filepath.Join(cache, release)
	if _, err := os.Stat(filepath.Join(dir, "etc/debian_version")); err != nil {
		if err := copyOfMinimal(release, dir); err != nil {
			return "", nil, err
		}
	}
	var wanted []string
	for _, p := range packages {
		if !installed(dir, p) {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) == 0 {
		return dir, nil, nil
	}
	log := filepath.Join(cache, release+".log")
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", rootScript, "root", dir, log}, wanted...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		return "", nil, fmt.Errorf("packages of %s: %w (%s)", release, err, log)
	}
	return dir, strings.Fields(string(out)), nil
}

// copyOfMinimal copies the root directory that tests boot, which stays as it is.
func copyOfMinimal(release, dir string) error {
	var minimal string
	if err := onStage(func(t testing.TB) { minimal = rigtest.RootFS(t, release) }); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := run("cp", "-a", minimal, part); err != nil {
		return err
	}
	return os.Rename(part, dir)
}

func installed(root, debianPackage string) bool {
	out, err := exec.Command("dpkg-query", "--admindir="+filepath.Join(root, "var/lib/dpkg"), "-W", "-f", "${Status}", debianPackage).Output()
	return err == nil && strings.Contains(string(out), "ok installed")
}

// packagesOf are what these entries need of a release.
func packagesOf(all []entry, release string) []string {
	var packages []string
	for _, e := range all {
		if slices.Contains(e.releases, release) {
			packages = append(packages, e.packages...)
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}
