package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
)

// valued is the error of a word behind a flag that takes no value, for which it can only be meant: "--share yes", "--kill 9". at is its place
// in the line.
func (o *options) valued(fs *pflag.FlagSet, word string, at int) error {
	if at < 1 {
		return nil
	}
	before := o.line[at-1]
	signal, lower := cli.SignalName(word), strings.ToLower(word)
	wrong := func(also string, from, words int, by ...string) error {
		return cli.MisuseOf(fmt.Sprintf("%s takes no value such as %q%s", before, word, also), cli.Amended(o.line, from, words, by...))
	}
	switch f := flagOf(fs, before); {
	case f == nil || f.Value.Type() != "bool":
		if o.moreVictims(fs, word, before) {
			return notFlag(word, cli.Amended(o.line, at, 1))
		}
	case f.Name == "kill" && signal != "" && (o.hasPort() || !flags.IsPort(word) || slices.Contains([]string{"1", "2", "3", "9", "15"}, word)):
		if fs.Changed("signal") {
			return wrong("", at, 1)
		}
		return wrong(": --signal says which signal", at, 1, "--signal", signal)
	case slices.Contains([]string{"yes", "true", "on", "1"}, lower):
		return wrong("", at, 1)
	case slices.Contains([]string{"no", "false", "off", "0", "never"}, lower):
		return wrong("", at-1, 2)
	case o.moreVictims(fs, word, before):
		return wrong("", at, 1)
	}
	return nil
}

// moreVictims reports whether a port behind something else than a port would be one more for a flag that does harm.
func (o *options) moreVictims(fs *pflag.FlagSet, word, before string) bool {
	harm := slices.ContainsFunc([]string{"close", "restart-unit", "kill"}, fs.Changed)
	return harm && o.hasPort() && flags.IsPort(word) && !strings.HasPrefix(before, "-p") && !allPorts(strings.Split(before, ","))
}

// hasPort reports whether a port is given anywhere in the line.
func (o *options) hasPort() bool {
	return slices.ContainsFunc(o.line, func(w string) bool { return strings.HasPrefix(w, "-p") || strings.HasPrefix(w, "--port") })
}

// notFlag is the error of a word that means nothing where it stands.
func notFlag(word string, without []string) error {
	return cli.MisuseOf(fmt.Sprintf("%q is not a flag", word), without)
}

// flagOf is the flag that a word of the command line gives, if that is all it does.
func flagOf(fs *pflag.FlagSet, word string) *pflag.Flag {
	if name, long := strings.CutPrefix(word, "--"); long {
		return fs.Lookup(name)
	}
	if len(word) == 2 && word[0] == '-' {
		return fs.ShorthandLookup(word[1:])
	}
	return nil
}
