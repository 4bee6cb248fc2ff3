package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
	"portguard/cmd/portguard/internal/ports"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/netdiag/owner"
	"portguard/netdiag/portrange/reserved"
	"portguard/systemd/dropin"
	"portguard/wrapper"
)

var stableRelease = flag.Bool("stable.release", false, "write the stable interfaces of a release: part of making one, as CONTRIBUTING.md says")

// The stable interfaces as they were in the last release, one a line.
const stableFile = "testdata/stable.txt"

// What people and programs rely on changes only when CHANGELOG.md says so: each name that is new, gone or another since the
// last release stands in the section "Unreleased", in backquotes. That the list of the last release has not been touched is
// told by its digest, in the release's own section.
func TestStableInterfaces(t *testing.T) {
	now := interfaces(t)
	if *stableRelease {
		writeInterfaces(t, now)
	}
	unreleased, last := changelog(t)
	text, err := os.ReadFile(stableFile)
	if err != nil {
		t.Fatal(err)
	}
	if digest := fmt.Sprintf("Interfaces: sha256:%x\n", sha256.Sum256(text)); !strings.Contains(last, digest) {
		t.Errorf("%s is not that of the last release; if this is a new one, the end of its section in CHANGELOG.md is\n%s", stableFile, digest)
	}
	released := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		released[name] = value
	}
	for name := range maps.Keys(union(released, now)) {
		before, was := released[name]
		after, is := now[name]
		if was == is && before == after || strings.Contains(unreleased, "`"+name+"`") {
			continue
		}
		switch {
		case !was:
			t.Errorf("`%s` is new (%s), and CHANGELOG.md does not name it under Unreleased", name, after)
		case !is:
			t.Errorf("`%s` is gone (%s), and CHANGELOG.md does not name it under Unreleased", name, before)
		default:
			t.Errorf("`%s` was %s and is %s, and CHANGELOG.md does not name it under Unreleased", name, before, after)
		}
	}
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func writeInterfaces(t *testing.T, all map[string]string) {
	t.Helper()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s\t%s\n", name, all[name])
	}
	if err := os.WriteFile(stableFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// changelog returns the section of what is not released, and that of the last release.
func changelog(t *testing.T) (unreleased, last string) {
	t.Helper()
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(text), "\n## ")
	if len(sections) < 3 || !strings.HasPrefix(sections[1], "[Unreleased]\n") {
		t.Fatal("CHANGELOG.md does not begin with the section Unreleased and one of a release")
	}
	return sections[1], sections[2]
}

// interfaces is everything that is promised, by name.
func interfaces(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, s := range cli.Statuses {
		all[fmt.Sprintf("exit status %d", s.Code)] = s.Meaning
	}
	complete.Visit(newRoot(&cli.App{Stdout: io.Discard, Stderr: io.Discard}), func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		all[strings.TrimSpace("portguard "+path)] = cmd.Use
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			all[strings.TrimSpace(path+" --"+f.Name)] = strings.TrimSpace(fmt.Sprintf("%s, by itself %q %s", f.Value.Type(), f.DefValue, f.Shorthand))
		})
	})
	for _, path := range []string{dropin.System.Path("UNIT"), reserved.Path, ports.RangePath} {
		all[path] = "a file that portguard writes"
	}
	addJournal(t, all)
	addSchema(t, all)
	return all
}

// addJournal adds what is matched on in the journal, and the names of metrics.
func addJournal(t *testing.T, all map[string]string) {
	t.Helper()
	o := &wrapper.Outcome{Finding: netdiag.Finding{Holders: []netdiag.Holder{{
		Cgroup: "/user.slice/user-1000.slice/user@1000.service/app.slice/order.service",
		Owners: []owner.Process{{PID: 7, Command: "order"}},
	}}}}
	for field := range cli.Fields(cli.MsgTaken, report.About(o)) {
		all[field] = "a field of the journal"
	}
	var files []string
	if err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".go") {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	id, metric := regexp.MustCompile(`\bMsg(\w+) +MessageID = "([0-9a-f]{32})"`), regexp.MustCompile(`"(portguard_[a-z_]+)"`)
	ids := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			for _, m := range id.FindAllStringSubmatch(lines.Text(), -1) {
				all[m[2]] = "MESSAGE_ID: " + m[1]
				ids++
			}
			for _, m := range metric.FindAllStringSubmatch(lines.Text(), -1) {
				all[m[1]] = "a metric"
			}
		}
		f.Close()
	}
	if ids < 7 {
		t.Fatalf("%d MESSAGE_IDs are found in the source", ids)
	}
}

// addSchema adds every field of the JSON documents, with its type.
func addSchema(t *testing.T, all map[string]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/schema/v1.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	for name, def := range schema["$defs"].(map[string]any) {
		for field, p := range def.(map[string]any)["properties"].(map[string]any) {
			delete(p.(map[string]any), "description")
			text, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			all[name+"."+field] = string(text)
		}
	}
}
