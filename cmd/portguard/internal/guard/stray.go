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
)

// stray is the error of words that stand where only flags do. What they mean is guessed from the first: a port, a flag without its
// dashes, another command, or else a COMMAND. One thing at a time is put right: of the line that comes of it, the next mistake is.
func (o *options) stray(fs *pflag.FlagSet, words []string) error {
	first, at := words[0], len(o.line)-len(words)
	here, command := words, []string(nil)
	if i := slices.Index(words, "--"); i >= 0 { // what follows a word is no flag to pflag, nor is "--"
		here, command = words[:i], words[i+1:]
	}
	if apart := strings.Fields(first); len(apart) > 1 && !strings.ContainsAny(first, forShells) { // in quotes
		return cli.MisuseOf(fmt.Sprintf("%q is one word, in quotes", first), cli.Amended(o.line, at, 1, apart...))
	}
	if err := o.valued(fs, first, at); err != nil {
		return err
	}
	if line := o.joined(fs, words, at); line != nil {
		return notFlag(first, line)
	}
	if o.argv0 && at > 0 && o.line[at-1] == "--argv0" && len(command) > 0 {
		line := slices.Concat(o.line[:at], here[1:], []string{"--", command[0], first}, command[1:])
		return cli.MisuseOf(fmt.Sprintf("--argv0 takes no value such as %q: that stands behind COMMAND", first), line)
	}
	alone := fs.NFlag() == 0
	if meant := o.otherWords(fs, words); alone && meant != nil {
		return cli.MisuseOf(fmt.Sprintf("there is no command %q", first), meant)
	}
	switch {
	case flags.LooksLikePort(first) || alone && len(words) == 1 && isService(first):
		return o.needsDash(first, at)
	case portVariable(first) != "" && len(words) == 1:
		return cli.MisuseOf(fmt.Sprintf("%q is not a flag: an ENDPOINT needs -p before it", first), cli.Amended(o.line, at, 1, "-p", portVariable(first)))
	case isFlag(fs, first) && (len(words) == 1 || alone && (strings.HasPrefix(words[1], "-") || allPorts(words[1:]) || parses(o.dashed(fs, words, at)))):
		return cli.MisuseOf(fmt.Sprintf("%q is not a command, but a flag: --%s", first, first), o.dashed(fs, words, at))
	case alone && len(command) == 0 && cli.Closest(first, o.others) != "":
		return cli.MisuseOf(fmt.Sprintf("there is no command %q", first), cli.Amended(words, 0, 1, cli.Closest(first, o.others)))
	}
	if _, err := exec.LookPath(first); err != nil && len(command) > 0 && !isAssignment(first) {
		return notFlag(first, cli.Amended(o.line, at, 1))
	}
	if line := o.flagsBehind(here, command, at); line != nil {
		return cli.MisuseOf(fmt.Sprintf("%q is not a flag: a COMMAND comes last, with -- before it", first), line)
	}
	return cli.MisuseOf(fmt.Sprintf("%q is not a flag: a COMMAND needs -- before it", first), o.withCommand(words, at))
}

// needsDash is the error of a port that has no -p, or one that pflag has read otherwise: "-port 80".
func (o *options) needsDash(port string, at int) error {
	if at > 0 && o.line[at-1] == "-port" {
		return cli.MisuseOf(`"-port" is neither -p nor --port`, cli.Amended(o.line, at-1, 1, "-p"))
	}
	return cli.MisuseOf(fmt.Sprintf("%q is not a flag: an ENDPOINT needs -p before it", port), cli.Amended(o.line, at, 0, "-p"))
}

// dashed is the line with the dashes of a flag, and the value that it needs where none follows.
func (o *options) dashed(fs *pflag.FlagSet, words []string, at int) []string {
	flag := []string{"--" + words[0]}
	if words[0] == "port" {
		flag[0] = "-p"
	} else if f := fs.Lookup(words[0]); f.NoOptDefVal == "" && len(words) > 1 && flags.IsPort(words[1]) { // "wait 8080"
		flag = strings.Fields(flag[0] + cli.ExampleOf(words[0]))
	}
	return cli.Amended(o.line, at, 1, flag...)
}

// joined is the line where one thing was typed as several words: "30010 - 30020", "30010 , 30011", "- p"; nil where it was not.
func (o *options) joined(fs *pflag.FlagSet, words []string, at int) []string {
	next := append(words, "")[1]
	switch {
	case slices.Contains([]string{",", "&&", "||", ";", "&", "|"}, words[0]):
		return cli.Amended(o.line, at, 1)
	case slices.Contains([]string{"-", "to", "..", "~"}, words[0]) && at > 0 && flags.IsPort(o.line[at-1]) && flags.IsPort(next):
		return cli.Amended(o.line, at-1, 3, o.line[at-1]+"-"+next)
	case isProtocol(words[0]) && at > 0 && flags.IsPort(o.line[at-1]):
		return cli.Amended(o.line, at-1, 2, o.line[at-1]+"/"+strings.Trim(words[0], "/"))
	case isProtocol(words[0]) && flags.IsPort(next):
		return cli.Amended(o.line, at, 2, "-p", next+"/"+words[0])
	case words[0] == "-" && next != "" && flagOf(fs, "-"+next) != nil:
		return cli.Amended(o.line, at, 2, "-"+next)
	case words[0] == "-" && isFlag(fs, next):
		return cli.Amended(o.line, at, 2, "--"+next)
	case words[0] == "-" && next != "" && fs.NFlag() > 0:
		return cli.Amended(o.line, at, 1, "--")
	}
	return nil
}

func isProtocol(word string) bool {
	word = strings.ToLower(strings.Trim(word, "/"))
	return word == "tcp" || word == "udp"
}

// flagsBehind is the line of a COMMAND with portguard's flags behind it; nil where they may be the COMMAND's own.
func (o *options) flagsBehind(here, command []string, at int) []string {
	for k := 1; k < len(here); k++ {
		tail := o.flagsOf(here[k:])
		if tail != nil && (len(o.Ports) == 0) == tail.Changed("port") {
			return slices.Concat(o.line[:at], here[k:], []string{"--"}, here[:k], command)
		}
	}
	return nil
}

// flagsOf are the flags that the words are; nil where one of them is none, or none of them says what to do with a port.
func (o *options) flagsOf(words []string) *pflag.FlagSet {
	var other options
	fs := newFlags(&other)
	if fs.Parse(words) != nil || fs.NArg() > 0 {
		return nil
	}
	if !slices.ContainsFunc([]string{"port", "share", "wait", "close", "restart-unit", "kill", "restart", "dry-run"}, fs.Changed) {
		return nil
	}
	return fs
}

// withCommand is the line with "--" before COMMAND; env sets variables before one.
func (o *options) withCommand(words []string, at int) []string {
	n := slices.IndexFunc(append(words, ""), func(w string) bool { return !isAssignment(w) })
	var before []string
	for _, w := range words[:n] {
		if port := portVariable(w); port != "" && !o.hasPort() {
			before = []string{"-p", port}
		}
	}
	before = append(before, "--")
	if n > 0 {
		before = append(before, "env")
		if n < len(words) && words[n] == "--" {
			words = cli.Amended(words, n, 1)
		}
	}
	return slices.Concat(o.line[:at], before, words)
}

// isAssignment reports whether a word sets a variable, for a shell.
func isAssignment(word string) bool {
	return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`).MatchString(word)
}

// portVariable is the port of "PORT=30010" and the like; "" where there is none.
func portVariable(word string) string {
	name, value, _ := strings.Cut(word, "=")
	if strings.HasSuffix(strings.ToLower(name), "port") && flags.IsPort(value) {
		return value
	}
	return ""
}

// isFlag reports whether a word is a flag without its dashes, of those that mean something by themselves.
func isFlag(fs *pflag.FlagSet, word string) bool {
	return word == "port" || fs.Lookup(word) != nil && parses(append(strings.Fields("--"+word+cli.ExampleOf(word)), "-p", "30010"))
}

// isService reports whether /etc/services has a name.
func isService(word string) bool {
	_, err := flags.LookupService("tcp", word)
	return err == nil && word != "" && !flags.IsPort(word)
}

func allPorts(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !flags.IsPort(w) })
}
