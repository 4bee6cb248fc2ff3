package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a test binary says at the end of a run, and what that means.
func TestFailureOf(t *testing.T) {
	exit := errors.New("exit status 1")
	for _, tt := range []struct {
		name, out string
		err       error
		want      string
	}{
		{"it passed", "fuzz: elapsed: 3s, execs: 42908 (14300/sec), new interesting: 2 (total: 4)\nPASS\n", nil, ""},
		{"it crashed", "fuzz: elapsed: 1s\n--- FAIL: FuzzX (1.02s)\n    x_test.go:9: wrong\n    Failing input written to testdata/fuzz/FuzzX/6696\nFAIL\n", exit,
			"exit status 1: --- FAIL: FuzzX (1.02s)\n    x_test.go:9: wrong\n    Failing input written to testdata/fuzz/FuzzX/6696\n    FAIL"},
		{"the time was up while an input was being shortened", "fuzz: elapsed: 20s\n--- FAIL: FuzzX (20.02s)\n    context deadline exceeded\nFAIL\n", exit, ""},
		{"it crashed while the time was up", "--- FAIL: FuzzX (20.02s)\n    context deadline exceeded\n    Failing input written to a\nFAIL\n", exit,
			"exit status 1: --- FAIL: FuzzX (20.02s)\n    context deadline exceeded\n    Failing input written to a\n    FAIL"},
		{"it could not begin", "", exit, "exit status 1: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := failureOf(tt.out, tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	execs, kept := counts("fuzz: elapsed: 3s, execs: 42908 (14300/sec), new interesting: 2 (total: 4)\nfuzz: elapsed: 6s, execs: 85645 (16597/sec), new interesting: 3 (total: 5)\nPASS\n")
	if execs != 85645 || kept != 3 {
		t.Errorf("%d, %d", execs, kept)
	}
	execs, kept = counts("fuzz: elapsed: 1s, gathering baseline coverage: 0/228 completed\nfuzz: elapsed: 4s, gathering baseline coverage: 28/228 completed\nPASS\n")
	if execs != 28 || kept != 0 {
		t.Errorf("%d, %d", execs, kept)
	}
	if execs, kept := counts("PASS\n"); execs != 0 || kept != 0 {
		t.Errorf("%d, %d", execs, kept)
	}
}

// The targets of the module are found where they are declared.
func TestFindTargets(t *testing.T) {
	all, err := findTargets(t.Context(), regexp.MustCompile(`no such`))
	if err != nil || len(all) != 0 {
		t.Fatalf("a pattern that fits none: %v, %v", all, err)
	}
	all, err = findTargets(t.Context(), regexp.MustCompile(`^netdiag/sockdiag\.FuzzParse`))
	if err != nil || len(all) != 1 || all[0].String() != "netdiag/sockdiag.FuzzParseMessage" || filepath.Base(all[0].dir) != "sockdiag" {
		t.Errorf("%v, %v", all, err)
	}
}

// A worker's numbers are readable, as those of any process.
func TestReadWorker(t *testing.T) {
	reads, cpu, memory, ok := readWorker(os.Getpid())
	if !ok || reads == 0 || memory < 1<<20 || cpu < 0 {
		t.Errorf("%d reads, %s, %d bytes, %v", reads, cpu, memory, ok)
	}
	if _, _, _, ok := readWorker(1 << 30); ok {
		t.Error("a process that there is not has numbers")
	}
}

func TestTable(t *testing.T) {
	got := table([]result{
		{target: target{"portguard/a", "", "FuzzX"}, execs: 7, kept: 2, usage: usage{memory: 20 << 20, longest: 3 * time.Millisecond}},
		{target: target{"portguard/b", "", "FuzzY"}, failure: "a crash\nmore"},
	}, time.Minute)
	want := fmt.Sprintf("2 targets, 1m0s each, 7 inputs (%s, linux/%s).\n", runtime.Version(), runtime.GOARCH) + `
| target | inputs | reached new code | memory | longest | result |
|---|--:|--:|--:|--:|---|
| a.FuzzX | 7 | 2 | 20 MiB | 3 ms | ok |
| b.FuzzY | 0 | 0 | 0 MiB | 0 ms | a crash |
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A target that has tried nothing yet when its time is up is given more of it.
func TestATargetIsGivenTimeToBegin(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "test")
	const script = `#!/bin/sh
case "$*" in *-test.fuzztime=4ms*) echo 'fuzz: elapsed: 0s, execs: 5 (5/sec), new interesting: 1 (total: 2)' ;; esac
echo PASS
`
	if err := os.WriteFile(binary, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if r := insist(t.Context(), target{name: "FuzzX"}, binary, t.TempDir(), time.Millisecond); r.execs != 5 || r.failure != "" {
		t.Errorf("%+v", r)
	}
	if r := insist(t.Context(), target{name: "FuzzX"}, binary, t.TempDir(), time.Minute); r.failure != "not one input was tried" {
		t.Errorf("%+v", r)
	}
}
