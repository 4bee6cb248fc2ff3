package guard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
)

// stray is the error of words that stand where only flags do: before "--", or without one. What they mean is guessed from the
// first: a port, a flag without its dashes, another command, or else a COMMAND.
func (o *options) stray(fs *pflag.FlagSet, words, command []string) error {
	first, at := words[0], len(o.line)-len(words)-len(command)
	if i := slices.Index(words, "--"); i > 0 && allPorts(words[:i]) { // what follows a word is no flag to pflag, nor is "--"
		words, command = words[:i], words[i+1:]
	}
	n := slices.IndexFunc(words, func(w string) bool { return !flags.IsPort(w) })
	if n < 0 {
		n = len(words)
	}
	if err := o.valued(fs, first, at); err != nil {
		return err
	}
	alone := fs.NFlag() == 0 && len(command) == 0
	if right := o.otherWords(fs, words); alone && right != "" {
		return cli.Misuse(fmt.Sprintf("there is no command %q", first), right)
	}
	switch {
	case n > 0 && slices.Contains(o.Ports, "ort"): // what pflag makes of "-port 80"
		o.Ports = slices.DeleteFunc(o.Ports, func(p string) bool { return p == "ort" })
		return cli.Misuse(`"-port" is neither -p nor --port`, o.withPorts(fs, words[:n], slices.Concat(words[n:], command)))
	case n > 0:
		return cli.Misuse(fmt.Sprintf("%q is not a flag: an ENDPOINT needs -p before it", first), o.withPorts(fs, words[:n], slices.Concat(words[n:], command)))
	case (alone || len(words) == 1 && len(command) == 0) && isFlag(fs, first) && allPorts(words[1:]):
		ports := words[1:]
		if len(ports)+len(o.Ports) == 0 {
			ports = []string{"30010"}
		}
		if first != "port" {
			_ = fs.Set(first, cmp.Or(strings.TrimSpace(cli.ExampleOf(first)), "true")) // it is a right value
		}
		return cli.Misuse(fmt.Sprintf("%q is not a command, but a flag: --%s", first, first), o.withPorts(fs, ports, nil))
	case fs.NFlag() == 0 && isFlag(fs, first) && parses(append([]string{"--" + first}, o.line[at+1:]...)):
		return cli.Misuse(fmt.Sprintf("%q is not a command, but a flag: --%s", first, first), cli.Amended(o.line, at, 1, "--"+first))
	case alone && len(words) == 1 && isService(first):
		return cli.Misuse(fmt.Sprintf("%q is not a flag: an ENDPOINT needs -p before it", first), o.withPorts(fs, words, nil))
	case alone && cli.Closest(first, o.others) != "":
		words = slices.Concat([]string{"portguard", cli.Closest(first, o.others)}, words[1:])
		return cli.Misuse(fmt.Sprintf("there is no command %q", first), cli.CommandLine(words, 0))
	}
	return cli.Misuse(fmt.Sprintf("%q is not a flag: a COMMAND needs -- before it", first), o.corrected(fs, words, command))
}

// withPorts is the command line with -p before ports that lack it.
func (o *options) withPorts(fs *pflag.FlagSet, ports, command []string) string {
	for _, port := range ports {
		_ = fs.Set("port", port) // takes every text
	}
	line := flags.SpelledOut(fs)
	if len(command) > 0 {
		line = append(append(line, "--"), command...)
	}
	return cli.CommandLine(line, 0)
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
