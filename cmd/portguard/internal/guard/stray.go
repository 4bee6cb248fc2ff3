package guard

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
)

// stray is the error of words that stand where only flags do, with the line that the first of them is probably meant for: a port, a flag
// without its dashes, another command, or a COMMAND. Of that line, the next mistake is put right.
func (o *options) stray(fs *pflag.FlagSet, words []string) error {
	first, at, alone := words[0], len(o.line)-len(words), fs.NFlag() == 0
	rest, command := words[1:], []string(nil)
	if i := slices.Index(rest, "--"); i >= 0 { // what follows a word is no flag to pflag, nor is "--"
		rest, command = rest[:i], rest[i+1:]
	}
	wrong := func(problem string, words int, by ...string) error {
		return cli.MisuseOf(fmt.Sprintf(problem, first), mend.Amended(o.line, at, words, by...))
	}
	if apart := strings.Fields(first); len(apart) > 1 && !strings.ContainsAny(first, forShells) {
		return wrong("%q is one word, in quotes", 1, apart...)
	}
	if dashed := o.dashed(fs, first, rest, at); dashed != nil && (len(words) == 1 || alone || first == "dry-run") {
		return cli.MisuseOf(fmt.Sprintf("%q is not a command, but a flag: --%s", first, first), dashed)
	}
	if line, problem := mend.ByRule(strayRules(), o.line, at); line != nil {
		return cli.MisuseOf(problem, line)
	}
	near := mend.Closest(first, o.others)
	_, noProgram := exec.LookPath(first)
	switch {
	case o.oneMoreVictim(fs, first, at):
		return wrong("%q is not a flag", 1)
	case flags.LooksLikePort(first), alone && len(words) == 1 && isService(first):
		return wrong("%q is not a flag: an ENDPOINT needs -p before it", 0, "-p")
	case near != "" && alone && len(command) == 0:
		return wrong("there is no command %q", 1, near)
	case strings.Trim(first, ",;&|?") == "", noProgram != nil && len(command) > 0 && !isAssignment(first):
		return wrong("%q is not a flag", 1)
	}
	if k := o.flagsBehind(rest); k >= 0 {
		line := slices.Concat(o.line[:at], rest[k:], []string{"--", first}, rest[:k], command)
		return cli.MisuseOf(fmt.Sprintf("%q is not a flag: a COMMAND comes last, with -- before it", first), line)
	}
	const needsDashes = "%q is not a flag: a COMMAND needs -- before it"
	switch {
	case first == "-":
		return wrong(needsDashes, 1, "--")
	case isAssignment(first):
		return cli.MisuseOf(fmt.Sprintf(needsDashes, first), slices.Concat(o.line[:at], []string{"--", "env", first}, rest, command))
	}
	return wrong(needsDashes, 0, "--")
}

// oneMoreVictim reports whether a word would be one port more for a flag that does harm, and stands behind something else than a port.
func (o *options) oneMoreVictim(fs *pflag.FlagSet, word string, at int) bool {
	harm := slices.ContainsFunc([]string{"close", "restart-unit", "kill"}, fs.Changed)
	port := slices.ContainsFunc(o.line, func(w string) bool { return strings.HasPrefix(w, "-p") || strings.HasPrefix(w, "--port") })
	return harm && port && flags.IsPort(word) && !strings.HasPrefix(o.line[at-1], "-p") && !flags.LooksLikePort(o.line[at-1])
}

// dashed is the line with a flag whose dashes were left out; nil where it is none, or what follows cannot stand behind it.
func (o *options) dashed(fs *pflag.FlagSet, word string, rest []string, at int) []string {
	f := fs.Lookup(word)
	if f == nil {
		return nil
	}
	by := []string{"--" + word}
	switch next := append(rest, "-p")[0]; {
	case word == "port":
		by = []string{"-p"}
	case f.NoOptDefVal == "" && flags.IsPort(next): // wait 8080
		by = strings.Fields(by[0] + cli.ExampleOf(word))
	case !mend.LooksLikeFlag(next) && !flags.IsPort(next) && !parses(mend.Amended(o.line, at, 1, by...)):
		return nil
	}
	return mend.Amended(o.line, at, 1, by...)
}

// flagsBehind is where flags of portguard's begin behind a COMMAND, -1 without. They may be the COMMAND's own, unless they say what to do
// with a port.
func (o *options) flagsBehind(words []string) int {
	for k := range words {
		var other options
		fs := newFlags(&other)
		if fs.Parse(words[k:]) != nil || fs.NArg() > 0 || fs.Changed("port") == (len(o.Ports) > 0) {
			continue
		}
		if slices.ContainsFunc([]string{"port", "share", "wait", "close", "restart-unit", "kill", "restart", "dry-run"}, fs.Changed) {
			return k
		}
	}
	return -1
}

// isAssignment reports whether a word sets a variable, for a shell.
func isAssignment(word string) bool {
	return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`).MatchString(word)
}

// isService reports whether /etc/services has a name.
func isService(word string) bool {
	_, err := flags.LookupService("tcp", word)
	return err == nil && word != "" && !flags.IsPort(word)
}
