package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"portguard/netdiag/nstest"
)

func TestMain(m *testing.M) {
	status := nstest.Main(m)
	if builds.dir != "" {
		_ = os.RemoveAll(builds.dir)
	}
	os.Exit(status)
}

// binary returns the path of portguard built as it is released: static, and with its own entry point. It is built once per
// test process, into a directory that every user can read.
func binary(t testing.TB) string {
	t.Helper()
	return builds.build(t, "portguard/cmd/portguard", "-ldflags=-E portguard/wrapper/become.entry")
}

// builds are the programs that this process has built; TestMain removes them.
var builds programs

type programs struct {
	mu   sync.Mutex
	dir  string
	done map[string]program // by package
}

type program struct {
	path string
	err  error
}

// programsEnv names a directory that has the programs already, by their names, for a host without a Go compiler.
const programsEnv = "PORTGUARD_TEST_PROGRAMS"

// build returns the path of the program of a package, by its path or by that from this directory.
func (p *programs) build(t testing.TB, pkg string, flags ...string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	built, done := p.done[pkg]
	if !done {
		built.path, built.err = p.run(pkg, flags)
		if p.done == nil {
			p.done = map[string]program{}
		}
		p.done[pkg] = built
	}
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func (p *programs) run(pkg string, flags []string) (string, error) {
	name := filepath.Base(pkg)
	if dir := os.Getenv(programsEnv); dir != "" {
		return filepath.Join(dir, name), nil
	}
	if p.dir == "" {
		dir, err := os.MkdirTemp("", "portguard-test-")
		if err != nil {
			return "", err
		}
		p.dir = dir
		if err := os.Chmod(dir, 0o755); err != nil {
			return "", err
		}
	}
	path := filepath.Join(p.dir, name)
	cmd := exec.Command("go", append(append([]string{"build", "-buildvcs=false"}, flags...), "-o", path, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return path, nil
}
