package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// flagLine is a flag in --help, with its letter if it has one.
var flagLine = regexp.MustCompile(`(?m)^ {2,6}(?:(-\w), )?(--[a-z0-9][a-z0-9-]*)`)

// commandLine is a command in --help.
var commandLine = regexp.MustCompile(`(?m)^  ([a-z]+) `)

// Each flag of each command is told of in a document, and who reads the README in Chinese is told of the same flags.
func TestFlagsAreDocumented(t *testing.T) {
	english, chinese := readPage(t, "README.md").flags(), readPage(t, "README.zh-CN.md").flags()
	documented := slices.Clone(english)
	for _, page := range pages(t) {
		if strings.HasPrefix(page.path, "docs/") {
			documented = append(documented, page.flags()...)
		}
	}
	commands := commandsBelow(t, "")
	for _, command := range commands {
		for _, m := range flagLine.FindAllStringSubmatch(helpOf(t, command), -1) {
			names := m[1:] // its letter, which it may not have, and its name
			told := func(all []string) bool {
				return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(all, name) })
			}
			if !told(documented) {
				t.Errorf("portguard %s: neither README.md nor a page of docs has `%s`", command, m[2])
			}
			if told(english) != told(chinese) {
				t.Errorf("portguard %s: `%s` is in README.md: %v; in README.zh-CN.md: %v", command, m[2], told(english), told(chinese))
			}
		}
	}
	for _, one := range []string{"hold", "unit install", "unit remove"} {
		if !slices.Contains(commands, one) {
			t.Errorf("%q is not among the commands: %q", one, commands)
		}
	}
}

func helpOf(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.Command(program(t), append(strings.Fields(command), "--help")...).Output()
	if err != nil {
		t.Fatalf("portguard %s --help: %v", command, err)
	}
	return string(out)
}

// section is the lines of a help below a title.
func section(help, title string) string {
	_, text, _ := strings.Cut(help, title)
	text, _, _ = strings.Cut(text, "\n\n")
	return text
}

// commandsBelow is a command and all below it, as they are typed: those that its help lists, or has in its first line.
func commandsBelow(t *testing.T, command string) []string {
	t.Helper()
	all, help := []string{command}, helpOf(t, command)
	var names []string
	for _, m := range commandLine.FindAllStringSubmatch(section(help, "\nCommands:\n"), -1) {
		names = append(names, m[1])
	}
	if rest, found := strings.CutPrefix(help, "Usage: portguard "+command+" "); found && strings.Contains(strings.Fields(rest)[0], "|") {
		names = append(names, strings.Split(strings.Fields(rest)[0], "|")...)
	}
	for _, name := range names {
		if name != "help" {
			all = append(all, commandsBelow(t, strings.TrimSpace(command+" "+name))...)
		}
	}
	return all
}

var (
	spanned  = regexp.MustCompile("`[^`\n]+`")
	flagWord = regexp.MustCompile(`(?:^|[\s"'\[(|/+` + "`" + `])(--?[a-z][a-z0-9-]*)`)
)

// flags are the words of the page's code, in blocks or in backquotes, that look like one: other programs' are among them.
func (d *page) flags() []string {
	var all []string
	for _, code := range append(d.code(), spanned.FindAllString(fence.ReplaceAllString(d.text, "\n"), -1)...) {
		for _, m := range flagWord.FindAllStringSubmatch(code, -1) {
			all = append(all, m[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
