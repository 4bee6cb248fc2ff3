package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portguard/cmd/internal/measured"
	"portguard/internal/needs"
	"portguard/internal/taken"
	"portguard/netdiag/nstest"
)

// TestShortForm starts ten servers, of what is installed here, in the ways that matter most: none may be worse off behind portguard.
func TestShortForm(t *testing.T) {
	nstest.Root(t)
	t.Parallel()
	all, err := entries()
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(e entry) bool { return !e.short })
	if len(all) != 10 {
		t.Errorf("%d servers", len(all))
	}
	var here []entry
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			program, _, _ := strings.Cut(e.start, " ")
			for _, p := range e.packages {
				needs.Program(t, program, p)
			}
			here = append(here, e)
		})
	}
	own, guard := filepath.Join(t.TempDir(), "servers"), filepath.Join(t.TempDir(), "portguard")
	if err := errors.Join(build(t.Context(), own, ".", ""), build(t.Context(), guard, "portguard/cmd/portguard", asReleased)); err != nil {
		t.Fatal(err)
	}
	work := make(chan entry, len(here))
	for _, e := range here {
		work <- e
	}
	close(work)
	var mu sync.Mutex
	results := map[string]result{}
	t.Run("lanes", func(t *testing.T) {
		for range 2 {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				r := boot(t, "", own, guard)
				for e := range work {
					res := r.survey(t.Context(), e, true)
					mu.Lock()
					results[e.name] = res
					mu.Unlock()
				}
			})
		}
	})
	if len(results) == 0 && !t.Failed() {
		t.Skip("no machine of its own can be booted here, as the lanes say")
	}
	for name, r := range results {
		if r.Alone.Failed != "" {
			t.Errorf("%s does not start: %s", name, r.Alone.Failed)
		}
		for _, fault := range r.faults() {
			t.Errorf("%s: %s", name, fault)
		}
		t.Logf("%s %s: %d s", name, r.Version, r.Seconds)
	}
	// git daemon has two sockets, both without SO_REUSEADDR: no placeholder is out of its way.
	git, found := results["git-daemon"]
	if !found {
		return
	}
	if !git.inTheWay() || git.Hold.Failed == "" && slices.Equal(git.Hold.Listens, git.Alone.Listens) {
		t.Errorf("git daemon starts whole behind a placeholder: %+v", git.Hold)
	}
	if in := git.Install; len(in) == 0 || in[0].Guard != "-p 30010 --no-reuseaddr --reserve --hold none" {
		t.Errorf("git daemon is guarded by %+v", in)
	}
}

// The document has what the program knows.
func TestDocumentHasTheData(t *testing.T) {
	const path = "../../../" + document
	got, err := measured.Read(path, "servers")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(servers(taken.Rows()), got); diff != "" {
		t.Errorf("(-servers.tsv +docs/servers.md)\n%s", diff)
	}
	table, err := measured.Read(path, "launchers")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range launchers() {
		if strings.Count(table, "`"+l.name+"`") != 1 {
			t.Errorf("docs/servers.md tells not once of the launcher %s", l.name)
		}
	}
}

// How many servers were looked at stands in other documents as well.
func TestDocumentsAgreeOnTheNumberOfServers(t *testing.T) {
	number := func(path, words string) string {
		t.Helper()
		text, err := os.ReadFile("../../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(words).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s has no %q", path, words)
		}
		return string(found[1])
	}
	want := number(document, `Of (\d+) servers and configurations`)
	for path, words := range map[string]string{
		"README.md":       `(\d+) real servers`,
		"README.zh-CN.md": `(\d+) 个真实`,
		"docs/ready.md":   `Of (\d+) real servers`,
	} {
		if got := number(path, words); got != want {
			t.Errorf("%s tells of %s servers, %s of %s", path, got, document, want)
		}
	}
}

// Every server of the document is an entry, and every entry is there.
func TestEntries(t *testing.T) {
	all, err := entries()
	if err != nil {
		t.Fatal(err)
	}
	rows := taken.Rows()
	of := func(server string) func(taken.Row) bool {
		return func(r taken.Row) bool { return r.Server == server || strings.HasPrefix(r.Server, server+" (") }
	}
	for _, e := range all {
		if !slices.ContainsFunc(rows, of(e.server)) {
			t.Errorf("%s is not in servers.tsv", e.name)
		}
	}
	for _, r := range rows {
		if !slices.ContainsFunc(all, func(e entry) bool { return of(e.server)(r) }) {
			t.Errorf("there is no entry for %s", r.Server)
		}
	}
}

func TestParseEntry(t *testing.T) {
	for _, tt := range []struct{ name, text, err string }{
		{"whole", "server: a\nreleases: trixie\nstart: a -x\nprobe: http\n", ""},
		{"a key that is none", "server: a\nservre: a\n", "servre: no such key"},
		{"no key", "server\n", "no key and value"},
		{"a time that is none", "watch: long\n", "watch: time: invalid duration"},
		{"bytes that are none", "send: \"\\q\"\n", "send: invalid syntax"},
		{"no probe", "server: a\nreleases: trixie\nstart: a\n", "is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseEntry([]byte(tt.text))
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%v, want %q", err, tt.err)
			}
		})
	}
}

func TestVersionIn(t *testing.T) {
	for said, want := range map[string]string{
		"nginx version: nginx/1.22.1\n": "1.22.1", "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0": "9.2p1", "v18.20.4": "18.20.4", "erlang 1:25.2.3+dfsg": "25.2.3", "none": "",
	} {
		if got := versionIn(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

func TestGuardIn(t *testing.T) {
	for dropIn, want := range map[string]string{
		"[Service]\nExecStartPre=+/usr/bin/portguard -p 30010 --share\n":                     "-p 30010 --share",
		"[Service]\nExecStart=\nExecStart=/usr/bin/portguard -p 30010 -- /bin/sh /t/start\n": "-p 30010",
		"[Service]\n": "",
	} {
		if got := guardIn(dropIn); got != want {
			t.Errorf("%q: %q, want %q", dropIn, got, want)
		}
	}
}
