package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	invocation = regexp.MustCompile(`(?:[\s+` + "`" + `]|/bin/)portguard( [^\n` + "`" + `]*)`)
	flagName   = regexp.MustCompile(`^--?[a-z][a-z0-9-]*`)
)

// Every flag in the documents is one of the command that it is given to.
func TestFlagsExist(t *testing.T) {
	portguard := program(t)
	helps := map[string]string{}
	help := func(command string) string {
		if _, ok := helps[command]; !ok {
			out, err := exec.Command(portguard, append(strings.Fields(command), "--help")...).Output()
			if err != nil {
				t.Fatalf("portguard %s --help: %v", command, err)
			}
			helps[command] = string(out)
		}
		return helps[command]
	}
	found := 0
	for _, page := range pages(t) {
		for _, m := range invocation.FindAllStringSubmatch(page.text, -1) {
			command, flags := parseInvocation(m[1])
			for _, flag := range flags {
				found++
				if !regexp.MustCompile(`(?m)[ ,]` + regexp.QuoteMeta(flag) + `\b`).MatchString(help(command)) {
					t.Errorf("%s: portguard %s has no %s:%s", page.path, command, flag, m[1])
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d flags are found in the documents", found)
	}
}

// parseInvocation returns the subcommand, "" for the main one, and the flags of a command line.
func parseInvocation(line string) (command string, flags []string) {
	words := strings.Fields(line)
	if end := slices.IndexFunc(words, func(w string) bool { return w == "--" || strings.HasPrefix(w, "#") || strings.ContainsAny(w, "|;<>") }); end >= 0 {
		words = words[:end] // what follows is another program's, or prose
	}
	if len(words) > 0 && slices.Contains([]string{"audit", "completion", "hold", "range", "ready", "release", "reserve", "unit", "version"}, words[0]) {
		command = words[0]
		if command == "unit" && len(words) > 1 && slices.Contains([]string{"install", "show", "remove"}, words[1]) {
			command += " " + words[1]
		}
	}
	for _, w := range words {
		if flag := flagName.FindString(w); flag != "" {
			flags = append(flags, flag)
		}
	}
	return command, flags
}

func TestParseInvocation(t *testing.T) {
	for _, tt := range []struct {
		line, command string
		flags         []string
	}{
		{" -p 30010 --share -- java --jar", "", []string{"-p", "--share"}},
		{" unit install order.service --as wrapper   # words", "unit install", []string{"--as"}},
		{" reserve 30010", "reserve", nil},
		{" --json | jq --raw-output", "", []string{"--json"}},
	} {
		command, flags := parseInvocation(tt.line)
		if command != tt.command || !slices.Equal(flags, tt.flags) {
			t.Errorf("%q: %q %q", tt.line, command, flags)
		}
	}
}
