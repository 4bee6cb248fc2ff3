package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
)

// Whoever is told that a line is wrong, and copies the right one that is shown, is not told off again.
func TestHintsAreRight(t *testing.T) {
	lines := []string{
		"--wait -p 30010", "--signal -p 30010", "--only -p 30010 -- touch", "--frobnicate",
		"-p 30010 sh -c 'exit 0'", "--kill --only 'user=a b' -p 30010 sh", "--no-reuseaddr --v6only sh", "-q -v -p 1",
		"--json -p 30010/udp sh -- -x", "-p '[fe80::1]:80'", "-p 10-1,2", "-p 5 -p 1-9", "-p 80 -p '[::1]:80'",
	}
	scripts, err := filepath.Glob("internal/e2e/testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if args, ok := strings.CutPrefix(line, "exits 64 portguard "); ok && !strings.Contains(args, "$") {
				lines = append(lines, strings.TrimSuffix(args, "\n"))
			}
		}
	}
	if len(lines) < 80 {
		t.Errorf("%d wrong lines: the scripts were not found", len(lines))
	}
	for _, line := range lines {
		args := words(t, line)
		cmd, err := rehearse(args)
		if err == nil {
			continue // what is wrong shows only when it runs
		}
		shown := cli.Hint(right(cmd, args, err))
		command := words(t, shown)
		if len(command) == 0 || command[0] != "portguard" {
			t.Errorf("%s: the hint is %q", line, shown)
			continue
		}
		for i := range command {
			command[i] = strings.Replace(command[i], "PORT", "30010", 1)
		}
		if _, err := rehearse(command[1:]); err != nil {
			t.Errorf("%s: the hint %q is wrong in turn: %v", line, shown, err)
		}
	}
}

// Where an example is shown instead of the line that was meant, it is a dry run where that was typed.
func TestExamplesStayDry(t *testing.T) {
	for line, want := range map[string]string{
		"-p 30010 --dry-run --kill --only x=y":                "portguard --dry-run --close --only unit=redis.service -p 30010 -- COMMAND",
		"-p 30010 --kill --only x=y -- touch --dry-run":       "portguard --close --only unit=redis.service -p 30010 -- COMMAND",
		"unit install a -p 30010 --dry-run --kill --only x=y": "portguard --dry-run --close --only unit=redis.service -p 30010 -- COMMAND",
		"reserve --dry-run --frobnicate 30010":                "portguard reserve --help",
	} {
		args := strings.Fields(line)
		cmd, err := rehearse(args)
		if got := cli.Hint(right(cmd, args, err)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// What is copied does no harm to a port that was not typed, in the line that was meant and in an example alike.
func TestPortsOfExamples(t *testing.T) {
	for line, want := range map[string]string{
		"--kill":                       "portguard --kill -p PORT",
		"--close -p ,":                 "portguard --close -p PORT",
		"--restart-unit -p nosuch/udp": "portguard --restart-unit -p PORT",
		"--kill -p 80,nosuch":          "portguard --kill -p 80,PORT",
		"--kill -p ::1":                "portguard --kill -p '[::1]:PORT'",
		"--kill -p 3001-":              "portguard --kill -p PORT",
		"--kill -p 808O":               "portguard --kill -p 8080",
		"--kill -p app01:http":         "portguard --kill -p 127.0.0.1:http",
		"-p 80 --kill --only x=y":      "portguard --close --only unit=redis.service -p PORT -- COMMAND",
		"-p 30010 --kill --only x=y":   "portguard --close --only unit=redis.service -p 30010 -- COMMAND",
		"--signal":                     "portguard --kill --signal TERM -p PORT",
		"release":                      "portguard release PORT",
		"release 0":                    "portguard release PORT",
		"release 30010,nosuch":         "portguard release 30010",
		"--kill --dry-run":             "portguard --kill --dry-run -p 30010",
		"release --dry-run":            "portguard release 30010,30000-30100 --dry-run",
		"--share --wait":               "portguard --share --wait 30s -p 30010",
	} {
		args := strings.Fields(line)
		cmd, err := rehearse(args)
		if got := cli.Hint(right(cmd, args, err)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// To look for the right line touches nothing, not even where the wrong one would have been the start of something.
func TestRehearsalDoesNothing(t *testing.T) {
	for _, line := range []string{"-p 30010 -- true", "hold -p 30010", "reserve 30010", "range 32768-60999", "unit remove --all", "version", "--help"} {
		if _, err := rehearse(strings.Fields(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if _, err := rehearse([]string{"-p", "30010", "touch", t.TempDir() + "/started"}); cli.Status(err) != cli.ExitUsage {
		t.Errorf("%v", err)
	}
	a := &cli.App{Stdout: io.Discard, Stderr: io.Discard, Log: cli.NewLog(io.Discard)}
	if err := run(a, []string{"--wait", "30", "-p", "30010"}); cli.Hint(err) != "portguard --wait 30s -p 30010" {
		t.Errorf("%q", cli.Hint(err))
	}
}

// words takes a line apart as a shell does.
func words(t *testing.T, line string) []string {
	t.Helper()
	out, err := exec.Command("sh", "-f", "-c", `printf '%s\0' `+line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}
