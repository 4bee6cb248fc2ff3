package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A test that fails in .ci/run is shown with all that it has said, however much its neighbours said in between.
func TestFailuresAreShownWhole(t *testing.T) {
	script, err := os.ReadFile("../../../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	_, function, found := strings.Cut(string(script), "\nfailures() {")
	function, _, ends := strings.Cut(function, "\n}\n")
	if !found || !ends {
		t.Fatal("there is no function failures")
	}
	neighbour := "=== NAME  TestB\n" + strings.Repeat("    b_test.go:4: B\n", 100)
	const trace = "\tat some place\n"
	for _, tt := range []struct{ name, log, want string }{
		{
			"far from the line that says so",
			"=== RUN   TestA\n    a_test.go:3: the reason\n        in two lines\n" + neighbour +
				"=== RUN   TestA/sub\n    a_test.go:5: another\n" + neighbour + "--- PASS: TestB (0.1s)\n--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/sub (0.1s)\n    --- PASS: TestA/good (0.1s)\n" +
				"=== RUN   TestC\n    c_test.go:1: C\n--- PASS: TestC (0.1s)\nFAIL\nFAIL\tx\t0.2s\n",
			"    a_test.go:3: the reason\n        in two lines\n    a_test.go:5: another\n--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/sub (0.1s)\n",
		},
		{
			"the same name in another package",
			"=== RUN   TestA\n    a_test.go:3: of x\n--- PASS: TestA (0.1s)\nPASS\nok  \tx\t0.2s\n=== RUN   TestA\n    a_test.go:3: of y\n--- FAIL: TestA (0.1s)\nFAIL\nFAIL\ty\t0.2s\n",
			"    a_test.go:3: of y\n--- FAIL: TestA (0.1s)\nFAIL\nFAIL\ty\t0.2s\n",
		},
		{
			"a panic",
			"=== RUN   TestA\n    a_test.go:3: before\n" + neighbour + "=== NAME  TestA\npanic: oh\n" + strings.Repeat(trace, 1000) + "FAIL\tx\t0.2s\n",
			"    a_test.go:3: before\npanic: oh\n" + strings.Repeat(trace, 99) + "FAIL\tx\t0.2s\n",
		},
		{"what does not build", "# x\n./x.go:1: no\nFAIL\tx [build failed]\n", "# x\n./x.go:1: no\nFAIL\tx [build failed]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(log, []byte(tt.log), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("bash", "-euo", "pipefail", "-c", "failures() {"+function+"\n}\nfailures "+log).CombinedOutput()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(out)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
