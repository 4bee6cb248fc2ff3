//go:build amd64 || arm64

package prefault_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	_ "portguard/wrapper/become/prefault"
)

// The memory has to be there before the packages that fill it. Go's linker decides on the order, and may decide otherwise
// in a later release.
func TestItComesBeforeWhatTakesMemory(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	trace, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, trace)
	}
	_, after, found := strings.Cut(string(trace), "init portguard/wrapper/become/prefault @")
	if !found {
		t.Fatalf("it is not initialised at all:\n%s", trace)
	}
	for _, pkg := range []string{"sync", "syscall", "os", "unicode"} {
		if !strings.Contains(after, "\ninit "+pkg+" @") {
			t.Errorf("%s comes before it:\n%s", pkg, trace)
		}
	}
}
