// Package needs says what a test needs that the machine may lack, and skips it there, in one way for every package of the
// module. Test support only, and for the programs that prove and measure.
//
// What has to be installed is named together with its Debian package, and all those packages are in packages.txt, which
// .ci/run installs from. A package that is not on that list fails the test, installed or not: so the list is complete.
package needs

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

//go:embed packages.txt
var list string // read only

// Packages are the Debian packages on the list.
func Packages() []string {
	var names []string
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Program skips where a program is not installed, and returns its path.
func Program(t testing.TB, program, debianPackage string) string {
	t.Helper()
	listed(t, debianPackage)
	path, err := Find(program, debianPackage)
	if err != nil {
		t.Skip(err)
	}
	return path
}

// File skips where a file does not exist.
func File(t testing.TB, path, debianPackage string) {
	t.Helper()
	listed(t, debianPackage)
	if _, err := os.Stat(path); err != nil {
		t.Skip(lacks(path, debianPackage))
	}
}

// Python skips where an interpreter lacks a module.
func Python(t testing.TB, interpreter, module, debianPackage string) {
	t.Helper()
	Program(t, interpreter, debianPackage)
	if !imports(interpreter, module) {
		t.Skip(lacks("Python's "+module, debianPackage))
	}
}

// Find looks for a program as Program does, where there is no test to skip.
func Find(program, debianPackage string) (path string, err error) {
	if path, err = exec.LookPath(program); err != nil {
		return "", lacks(program, debianPackage)
	}
	// python3-minimal has the same program without most of its library.
	if debianPackage == "python3" && !imports(path, "http.server") {
		return "", lacks(program+" with all of its library", debianPackage)
	}
	return path, nil
}

func imports(python, module string) bool {
	return exec.Command(python, "-c", "import "+module).Run() == nil
}

// listed fails a test that asks for a package which .ci/run does not install.
func listed(t testing.TB, debianPackage string) {
	t.Helper()
	if !slices.Contains(Packages(), debianPackage) {
		t.Fatalf("the Debian package %s is not in internal/needs/packages.txt, from which .ci/run installs", debianPackage)
	}
}

func lacks(what, debianPackage string) error {
	return fmt.Errorf("needs %s (Debian package %s)", what, debianPackage)
}
