package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/internal/needs"
)

// Each Python program in docs/kernel-facts.md, behind the first one, prints what the block below it has.
func TestKernelFacts(t *testing.T) {
	needs.Program(t, "python3", "python3")
	page := readPage(t, "docs/kernel-facts.md")
	blocks := page.blocks()
	first := blocks[0].text
	sections := 0
	sh, dir := namespace(t)
	for i, b := range blocks[1:] {
		if b.lang != "python" {
			continue
		}
		sections++
		t.Run(b.section, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(dir, "fact.py"), []byte(first+b.text), 0o644); err != nil {
				t.Fatal(err)
			}
			got := sh.run(t, "unshare --net sh -c 'ip link set lo up; python3 fact.py'")
			printed := blocks[1:][i+1]
			if printed.lang != "text" {
				t.Fatal("what it prints is not printed below it")
			}
			if *update {
				page.replace(t, "```python\n"+b.text+"```\n```text\n"+printed.text, "```python\n"+b.text+"```\n```text\n"+got)
			} else if diff := cmp.Diff(printed.text, got); diff != "" {
				t.Errorf("(-printed +answered; -update prints it)\n%s", diff)
			}
		})
	}
	if sections == 0 {
		t.Error("no programs")
	}
}

// Each test that the documents name is one, or several that begin like it, as -run takes it.
func TestNamedTestsExist(t *testing.T) {
	var tests []string
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(b), -1) {
			tests = append(tests, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages(t) {
		for _, m := range regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(page.text, -1) {
			if !slices.ContainsFunc(tests, func(name string) bool { return strings.HasPrefix(name, m[1]) }) {
				t.Errorf("%s: there is no %s", page.path, m[1])
			}
		}
	}
}
