package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"portguard/internal/needs"
)

// The messages in docs/troubleshooting.md are those of the real programs, on a port that a connection has.
func TestMessagesOfOtherPrograms(t *testing.T) {
	for _, command := range [][2]string{{"javac", "default-jdk-headless"}, {"node", "nodejs"}, {"nginx", "nginx-light"}, {"python3", "python3"}} {
		needs.Program(t, command[0], command[1])
	}
	sh, dir := namespace(t)
	install(t, dir, "testdata/apps/app.py", "testdata/apps/app.js", "testdata/apps/app.conf", program(t))
	buildJar(t, dir, "App")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "app"), "testdata/apps/app.go").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	take(t, sh)
	page := readPage(t, "docs/troubleshooting.md")
	page.play(t, sh, page.consoles(t, "By message"))
}

// buildJar makes a jar of one of testdata/incident's classes, by its name in lower case.
func buildJar(t *testing.T, dir, class string) {
	t.Helper()
	classes := t.TempDir()
	for _, argv := range [][]string{
		{"javac", "-d", classes, "testdata/incident/" + class + ".java"},
		{"jar", "--create", "--file", filepath.Join(dir, strings.ToLower(class)+".jar"), "--main-class", class, "-C", classes, class + ".class"},
	} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
}

// What the table of holders quotes is what portguard says: each quotation is in the source of its reports.
func TestQuotationsOfReports(t *testing.T) {
	sources := ""
	for _, name := range []string{"cmd/portguard/internal/report/why/why.go", "cmd/portguard/internal/report/why/listener.go", "cmd/portguard/internal/report/diverted.go",
		"cmd/portguard/internal/report/text.go", "wrapper/container/part.go"} {
		b, err := os.ReadFile("../../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		sources += string(b)
	}
	_, section, _ := strings.Cut(readPage(t, "docs/troubleshooting.md").text, "\n## By holder\n")
	section, _, _ = strings.Cut(section, "\n## ")
	quotations := regexp.MustCompile(`“(.+?)”`).FindAllStringSubmatch(section, -1)
	if len(quotations) == 0 {
		t.Fatal("nothing is quoted")
	}
	for _, m := range quotations {
		for part := range strings.SplitSeq(m[1], "…") {
			if part = strings.TrimSpace(part); !strings.Contains(sources, part) {
				t.Errorf("%q is not in a report", part)
			}
		}
	}
}
