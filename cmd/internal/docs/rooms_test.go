package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pkg is a package of the module, by its path in it.
type pkg struct {
	path    string
	imports []string // of the module's packages, its tests' included
	doc     string   // its first sentence
}

// packages are all of the module's, "man" ones included.
func packages(t *testing.T) []pkg {
	t.Helper()
	const format = `{{.ImportPath}}{{"\t"}}{{join .Imports " "}}{{"\t"}}{{join .TestImports " "}}{{"\t"}}{{.Doc}}`
	cmd := exec.Command("go", "list", "-tags", "man", "-f", format, "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	const module = "portguard/"
	var all []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		p := pkg{path: strings.TrimPrefix(f[0], module), doc: f[3]}
		for _, name := range append(strings.Fields(f[1]), strings.Fields(f[2])...) {
			if path, ours := strings.CutPrefix(name, module); ours && path != p.path {
				p.imports = append(p.imports, path)
			}
		}
		all = append(all, p)
	}
	return all
}

// arrows are what each room may import: "x" is the package x, "x/..." what is below it, too. The first that fits a package is
// its own.
var arrows = []struct{ room, may string }{
	{"cmd/internal/...", "cmd/internal/... cmd/portguard wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard", "cmd/portguard/internal/... wrapper/become/... wrapper/decide wrapper netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/e2e", "cmd/internal/measured cmd/portguard/internal/... wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/man", "cmd/internal/manpage cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend cmd/portguard/internal/complete cmd/portguard/internal/ports netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/mend", ""},
	{"cmd/portguard/internal/page", "cmd/portguard/internal/reporttest netdiag/permit"},
	{"cmd/portguard/internal/cli", "cmd/portguard/internal/page cmd/portguard/internal/mend cmd/portguard/internal/reporttest wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/flags", "cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/report/names", "cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/..."},
	{"cmd/portguard/internal/report/why", "cmd/portguard/internal/report/names cmd/portguard/internal/reporttest cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/report/advise", "cmd/portguard/internal/report/why cmd/portguard/internal/reporttest cmd/portguard/internal/flags cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/..."},
	{"cmd/portguard/internal/report", "cmd/portguard/internal/report/... cmd/portguard/internal/reporttest cmd/portguard/internal/flags cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/reporttest", "wrapper/... netdiag/... systemd/..."},
	{"cmd/portguard/internal/unit/listens", "cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend cmd/portguard/internal/flags wrapper/... netdiag/... systemd/..."},
	{"cmd/portguard/internal/unit/within", "cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend cmd/portguard/internal/flags wrapper/... systemd/..."},
	{"cmd/portguard/internal/unit/place", "cmd/portguard/internal/cli cmd/portguard/internal/mend cmd/portguard/internal/flags systemd/... internal/..."},
	{"cmd/portguard/internal/unit/install", "cmd/portguard/internal/unit/listens cmd/portguard/internal/unit/place cmd/portguard/internal/unit/within cmd/portguard/internal/report/... cmd/portguard/internal/flags cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/... internal/..."},
	{"cmd/portguard/internal/unit", "cmd/portguard/internal/unit/... cmd/portguard/internal/report/... cmd/portguard/internal/flags cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/... internal/..."},
	// A command: never another one.
	{"cmd/portguard/internal/...", "cmd/portguard/internal/report/... cmd/portguard/internal/reporttest cmd/portguard/internal/flags cmd/portguard/internal/cli cmd/portguard/internal/page cmd/portguard/internal/mend wrapper/... netdiag/... systemd/... internal/..."},
	// The decision: never an act.
	{"wrapper/decide", "wrapper/container netdiag/... systemd/... internal/..."},
	{"wrapper/hold", "netdiag/... systemd/... internal/..."},
	{"wrapper/...", "wrapper/... netdiag/... systemd/... internal/..."},
	{"netdiag/...", "netdiag/... internal/..."},
	{"systemd/...", "systemd/... internal/..."},
	{"internal/...", "internal/..."},
}

func fits(pattern, path string) bool {
	below, tree := strings.CutSuffix(pattern, "/...")
	return path == below || tree && strings.HasPrefix(path, below+"/")
}

// Imports point downwards only. A package that fits no room has to be given one here.
func TestArrows(t *testing.T) {
	for _, p := range packages(t) {
		i := slices.IndexFunc(arrows, func(a struct{ room, may string }) bool { return fits(a.room, p.path) })
		if i < 0 {
			t.Errorf("%s is in no room", p.path)
			continue
		}
		for _, to := range p.imports {
			if !slices.ContainsFunc(strings.Fields(arrows[i].may), func(pattern string) bool { return fits(pattern, to) }) {
				t.Errorf("%s imports %s: an arrow that runs back up, or from one command to another", p.path, to)
			}
		}
	}
}

// sentence is what a package's first sentence, or the question that it answers, says after its name.
func sentence(doc string) string {
	text := regexp.MustCompile(`^(Package|Command) \w+ (answers one question: |answers: |is |has |)`).ReplaceAllString(doc, "")
	if question, _, asks := strings.Cut(text, "?"); asks {
		return question + "?"
	}
	return strings.TrimSuffix(text, ".")
}

// CONTRIBUTING's table says of every package what the package says of itself.
func TestTableOfPackages(t *testing.T) {
	want := map[string]string{}
	for _, p := range packages(t) {
		if p.doc == "" {
			t.Errorf("%s says nothing of itself", p.path)
		}
		want[p.path] = sentence(p.doc)
	}
	_, section, _ := strings.Cut(readPage(t, "CONTRIBUTING.md").text, "\n## Where things are\n")
	section, _, _ = strings.Cut(section, "\n## ")
	got := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*) \\|$").FindAllStringSubmatch(section, -1) {
		got[m[1]] = strings.ReplaceAll(m[2], `\|`, "|")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-packages +CONTRIBUTING.md)\n%s", diff)
	}
}
