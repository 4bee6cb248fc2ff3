package main

import (
	"strings"
	"testing"

	"portguard/cmd/portguard/internal/cli"
)

func TestPlainCommandLines(t *testing.T) {
	for line, want := range map[string]bool{
		"-p 30010 -- java -jar app.jar":        true,
		"--share --wait 30s -p 30010 -- audit": true,
		"-q -p 30000-30009":                    true,
		"--hold=none -p 30010 -- /bin/true -h": true,
		"-p http --restart always -- java":     true,
		"-p http --restart":                    true, // a wrong line, but the main command's

		"":                            false,
		"audit":                       false,
		"-p 30010 audit":              false,
		"-p 30010 --share audit":      false, // the flag has no value
		"--restart=always audit":      false,
		"--hodl audit -p 30010":       false, // a flag that there is not
		"--help":                      false,
		"-p 30010 --help -- java":     false,
		"-qh":                         false,
		"__complete -p 30010 -- \"\"": false,
	} {
		if got := mainAlone(newMain(&cli.App{}).Flags(), strings.Fields(line)); got != want {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
}

// A line that is plain is not answered in another way because the other commands are not there.
func TestPlainCommandLinesKnowOnlyTheMainCommand(t *testing.T) {
	for _, c := range newRoot(&cli.App{}).Commands() {
		for _, name := range append(c.Aliases, c.Name()) {
			if mainAlone(newMain(&cli.App{}).Flags(), []string{"-p", "30010", name}) {
				t.Errorf("%q is a command", name)
			}
		}
	}
}
