package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag"
	"portguard/wrapper"
	"portguard/wrapper/become"
	"portguard/wrapper/decide"
)

func TestExitCode(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing wrong", nil, 0},
		{"usage", &cli.UsageError{Problem: "x"}, 64},
		{"command not found", &become.Error{Command: "x", Err: unix.ENOENT}, 127},
		{"command not executable", &become.Error{Command: "x", Path: "/x", Err: unix.EACCES}, 126},
		{"wrapped", fmt.Errorf("context: %w", &cli.UsageError{Problem: "x"}), 64},
		{"anything else", errors.New("x"), 71},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := cli.Status(tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// The most telling reason of any endpoint wins.
func TestExitCodeOfAReport(t *testing.T) {
	outcome := func(v netdiag.Verdict, errno unix.Errno, timedOut bool, results ...decide.Result) wrapper.Outcome {
		o := wrapper.Outcome{TimedOut: timedOut}
		o.Trial.Verdict, o.Trial.Errno = v, errno
		for _, r := range results {
			o.Actions = append(o.Actions, wrapper.Action{Result: r})
		}
		return o
	}
	var (
		free       = outcome(netdiag.Free, 0, false)
		taken      = outcome(netdiag.Taken, unix.EADDRINUSE, false)
		refused    = outcome(netdiag.Taken, unix.EADDRINUSE, false, decide.NotPossible)
		forbidden  = outcome(netdiag.Forbidden, unix.EACCES, false)
		noAddress  = outcome(netdiag.NoAddress, unix.EADDRNOTAVAIL, false)
		noFamily   = outcome(netdiag.Unknown, unix.EAFNOSUPPORT, false)
		unknown    = outcome(netdiag.Unknown, unix.ENOMEM, false)
		ranOut     = outcome(netdiag.Taken, unix.EADDRINUSE, true)
		notAllowed = outcome(netdiag.Taken, unix.EADDRINUSE, false, decide.NotPossible, decide.NotPermitted)
		// What was not permitted for it does not matter in the end.
		freeAfterAll = outcome(netdiag.Free, 0, false, decide.NotPermitted)
	)
	for _, tt := range []struct {
		name     string
		outcomes []wrapper.Outcome
		want     int
	}{
		{"taken", []wrapper.Outcome{taken}, 69},
		{"one of several taken", []wrapper.Outcome{free, taken, free}, 69},
		{"refused by policy", []wrapper.Outcome{refused}, 69},
		{"forbidden", []wrapper.Outcome{forbidden}, 69},
		{"address not there", []wrapper.Outcome{noAddress}, 69},
		{"no such address family", []wrapper.Outcome{noFamily}, 69},
		{"the wait ran out", []wrapper.Outcome{ranOut}, 75},
		{"not permitted", []wrapper.Outcome{notAllowed}, 77},
		{"unknown", []wrapper.Outcome{unknown}, 71},

		{"not permitted, and the wait ran out for another", []wrapper.Outcome{ranOut, notAllowed}, 77},
		{"the wait ran out, and another is taken", []wrapper.Outcome{taken, ranOut}, 75},
		{"taken, and another unknown", []wrapper.Outcome{unknown, taken}, 69},
		{"not permitted, but free after all", []wrapper.Outcome{freeAfterAll, taken}, 69},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := cli.Status(&report.NotFree{Report: &wrapper.Report{Outcomes: tt.outcomes}}); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// Exit statuses are a promise: what --help and the README say is what the code does.
func TestExitStatusesAreDocumented(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var help bytes.Buffer
	if err := run(&cli.App{Stdout: &help, Stderr: &help}, []string{"--help"}); err != nil {
		t.Fatal(err)
	}
	want := map[int]string{}
	for _, s := range cli.Statuses {
		want[s.Code] = s.Meaning
	}
	// From the heading on: other tables begin with numbers, too.
	for _, tt := range []struct{ name, text, after, row string }{
		{"--help", help.String(), `\nExit status:\n`, `(?m)^ +(\d+)  (.+)$`},
		{"README", string(readme), `\n\| code \| meaning \|\n`, `(?m)^\| (\d+) \| (.+) \|$`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := regexp.MustCompile(tt.after).FindStringIndex(tt.text)
			if at == nil {
				t.Fatalf("no table after %q", tt.after)
			}
			got := map[int]string{}
			text := strings.ReplaceAll(tt.text[at[0]:], "\n       ", " ") // of a long row the rest
			for _, row := range regexp.MustCompile(tt.row).FindAllStringSubmatch(text, -1) {
				code, err := strconv.Atoi(row[1])
				if err != nil {
					t.Fatal(err)
				}
				got[code] = row[2]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-code +%s)\n%s", tt.name, diff)
			}
		})
	}
}
