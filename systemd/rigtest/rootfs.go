package rigtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"portguard/internal/needs"
)

// RootFS makes a minimal root directory of a Debian release (bullseye has systemd 247, bookworm 252, trixie 257), with more
// packages where they are named, and returns its path. It takes half a minute and 200 MB, once: it is kept in the user's
// cache. A path is returned as it is.
func RootFS(t testing.TB, suite string, more ...string) string {
	t.Helper()
	if filepath.IsAbs(suite) {
		return suite
	}
	needs.Program(t, "mmdebstrap", "mmdebstrap")
	needs.Program(t, "nsenter", "util-linux")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "portguard-rootfs", strings.Join(append([]string{suite}, more...), "+"))
	if _, err := os.Stat(filepath.Join(dir, "etc/debian_version")); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		t.Fatal(err)
	}
	out, err := Outside("mmdebstrap", "--quiet", "--variant=minbase",
		`--aptopt=Acquire::Check-Valid-Until "false"`, // an old release's lists are
		"--include="+strings.Join(append(more, "systemd,systemd-sysv,dbus,procps,util-linux,iproute2"), ","), suite, part, mirror(t)).CombinedOutput()
	if err != nil {
		t.Fatalf("mmdebstrap %s: %v\n%s", suite, err, out)
	}
	if err := os.Rename(part, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Outside is a command in the network of what has started this process: tests that have one of their own reach no mirror.
func Outside(argv ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", strconv.Itoa(os.Getppid()), "-n", "--"}, argv...)...)
}

// mirror is where this machine has its own packages from.
func mirror(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages").Output()
	if err != nil {
		t.Skipf("needs apt's list of sources: %v", err)
	}
	for site := range strings.Lines(string(out)) {
		if site = strings.TrimSpace(site); site != "" && !strings.Contains(site, "security") {
			return site
		}
	}
	t.Skip("apt has no source of packages")
	return ""
}
