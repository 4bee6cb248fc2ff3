// Package sysctltest lets tests run programs that read and write sysctl files in a root directory of their own: /etc,
// /run and every sysctl.d directory are the test's, all else is the host's, read-only by custom. Test support only.
//
// The sysctls are those of the network namespace of the test: use it under nstest.Main.
package sysctltest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// Root is a root directory.
type Root struct {
	Dir string
	// Before is shell text to run in the new mount namespace first, with R the root directory: a smaller disk, a
	// read-only /proc/sys.
	Before string
	// Prefix goes before every command: setpriv and its arguments, to be somebody else.
	Prefix []string
}

// New makes an empty root. A host that lets nobody make mount namespaces skips the test.
func New(t testing.TB) *Root {
	t.Helper()
	r := &Root{Dir: filepath.Join(t.TempDir(), "root")}
	for _, dir := range []string{"etc", "run", "usr", "proc", "dev", "test", "local", "vendor"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+link, filepath.Join(r.Dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if status, out := r.Run(t, "/bin/true"); status != 0 {
		t.Skipf("no mount namespace with a root of its own (root, or unprivileged user namespaces; merged /usr; util-linux): %s", out)
	}
	return r
}

// The vendors' directories are in /usr, which is the host's: they are mounted over it.
const enter = `
mount --make-rprivate /
mount --rbind /usr "$R/usr"
mount --rbind /proc "$R/proc"
mount --rbind /dev "$R/dev"
mount --bind "$R/local" "$R/usr/local/lib"
mount --bind "$R/vendor" "$R/usr/lib/sysctl.d"
touch "$R/test/program"
[ -z "$P" ] || mount --bind "$P" "$R/test/program"
`

// Write makes a file of the root, named as programs inside name it, and its directory.
func (r *Root) Write(t testing.TB, name, text string) {
	t.Helper()
	path := r.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Path is where a file that programs inside name so is for the test.
func (r *Root) Path(name string) string {
	for inside, outside := range map[string]string{"/usr/local/lib/": "local", "/usr/lib/sysctl.d/": "vendor", "/lib/sysctl.d/": "vendor"} {
		if len(name) > len(inside) && name[:len(inside)] == inside {
			return filepath.Join(r.Dir, outside, name[len(inside):])
		}
	}
	return filepath.Join(r.Dir, name)
}

// Run runs a program of the host inside and returns its exit status and what it wrote to stdout and stderr.
func (r *Root) Run(t testing.TB, argv ...string) (status int, output string) {
	t.Helper()
	return r.run(t, "", argv)
}

// RunTest runs a program that the test has built, which may lie anywhere.
func (r *Root) RunTest(t testing.TB, program string, args ...string) (status int, output string) {
	t.Helper()
	return r.run(t, program, append([]string{"/test/program"}, args...))
}

func (r *Root) run(t testing.TB, program string, argv []string) (int, string) {
	t.Helper()
	out, err := r.command(program, argv).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, string(out)
	case errors.As(err, &exit):
		return exit.ExitCode(), string(out)
	}
	t.Fatalf("%v: %v", argv, err)
	return 0, ""
}

// command is not started yet.
func (r *Root) command(program string, argv []string) *exec.Cmd {
	script := "set -e\n" + enter + r.Before + "\nexec chroot \"$R\" \"$@\""
	cmd := exec.Command("unshare", slices.Concat([]string{"-m", "sh", "-c", script, "sh"}, r.Prefix, argv)...)
	cmd.Env = append(os.Environ(), "R="+r.Dir, "P="+program)
	return cmd
}

// Command is a program that the test has built, inside, not started yet. Its pid is that of the process which runs it.
func (r *Root) Command(program string, args ...string) *exec.Cmd {
	return r.command(program, append([]string{"/test/program"}, args...))
}

// Start runs a program that the test has built without waiting for it. wait returns when it has ended.
func (r *Root) Start(t testing.TB, program string, args ...string) (wait func() (status int, output string)) {
	t.Helper()
	cmd := r.Command(program, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() (int, string) {
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			t.Error(err)
		}
		return cmd.ProcessState.ExitCode(), out.String()
	}
}
