package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/complete"
)

// helpOf is what a command line answers on a terminal of so many columns.
func helpOf(t *testing.T, columns int, line string) string {
	t.Helper()
	t.Setenv("COLUMNS", fmt.Sprint(columns))
	var out, other bytes.Buffer
	if err := run(&cli.App{Stdout: &out, Stderr: &other}, strings.Fields(line)); err != nil || other.Len() > 0 {
		t.Fatalf("portguard %s: %v\n%s", line, err, &other)
	}
	return out.String()
}

// commandPaths are those of all commands that help shows, without the program's name.
func commandPaths() []string {
	var all []string
	complete.Visit(newRoot(&cli.App{}), func(cmd *cobra.Command) {
		if !cmd.Hidden {
			_, path, _ := strings.Cut(cmd.CommandPath(), " ")
			all = append(all, path)
		}
	})
	return all
}

// Help is as wide as the terminal, at most 80 columns, and no word is broken or lost. A line that is to be typed stays whole.
func TestHelpFitsTheTerminal(t *testing.T) {
	typed := regexp.MustCompile(`^ {2,}(\S+ )?(portguard|\.) `)
	for _, path := range append(commandPaths(), "-h") {
		line := path + " --help"
		if path == "-h" {
			line = path
		}
		words := strings.Fields(helpOf(t, 80, line))
		for _, columns := range []int{60, 80, 120, 200} {
			text := helpOf(t, columns, line)
			for l := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimRight(l, "\n")); n > min(columns, 80) && (columns >= 80 || !typed.MatchString(l)) {
					t.Errorf("portguard %s: %d columns, the terminal has %d:\n%s", line, n, columns, l)
				}
			}
			if got := strings.Fields(text); strings.Join(got, " ") != strings.Join(words, " ") {
				t.Errorf("portguard %s: other words at %d columns than at 80:\n%s", line, columns, text)
			}
		}
	}
}

// Help has the words that people search for, and none of those that only the code uses.
func TestWordsOfHelp(t *testing.T) {
	inside := regexp.MustCompile("(?i)\\b(rungs?|ladder|near end|anew|trial)\\b|`")
	for _, path := range commandPaths() {
		if found := inside.FindAllString(helpOf(t, 80, path+" --help"), -1); found != nil {
			t.Errorf("portguard %s --help has %q", path, found)
		}
	}
	for _, path := range []string{"", "audit", "reserve", "range", "hold"} {
		if !strings.Contains(strings.Join(strings.Fields(helpOf(t, 80, path+" --help")), " "), "ephemeral port") {
			t.Errorf("portguard %s --help does not say ephemeral port", path)
		}
	}
	if lines := strings.Count(helpOf(t, 80, "-h"), "\n"); lines > 20 {
		t.Errorf("-h has %d lines", lines)
	}
}
