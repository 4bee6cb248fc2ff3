package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
)

// valueOfSwitch: --share yes, --kill 9. Behind a flag that does harm, a port is never taken for one more.
func (s stray) valueOfSwitch() error {
	if s.at == 0 {
		return nil
	}
	before := s.line[s.at-1]
	f, signal := flagOf(s.fs, before), mend.Signal(s.first)
	isSwitch := f != nil && f.Value.Type() == "bool"
	problem := fmt.Sprintf("%q is not a flag", s.first)
	if isSwitch {
		problem = fmt.Sprintf("%s takes no value such as %q", before, s.first)
	}
	switch lower := strings.ToLower(s.first); {
	case isSwitch && f.Name == "kill" && signal != "" && (!flags.IsPort(s.first) || slices.Contains([]string{"1", "2", "3", "9", "15"}, s.first)):
		return cli.MisuseOf(problem+": --signal says which signal", s.instead(1, "--signal", signal))
	case isSwitch && slices.Contains([]string{"no", "false", "off", "0", "never"}, lower):
		return cli.MisuseOf(problem, mend.Amended(s.line, s.at-1, 2))
	case isSwitch && slices.Contains([]string{"yes", "true", "on", "1"}, lower), s.oneMoreVictim(before):
		return cli.MisuseOf(problem, s.instead(1))
	}
	return nil
}

// oneMoreVictim reports whether the first word would be a port more for a flag that does harm, and stands behind something else than a port.
func (s stray) oneMoreVictim(before string) bool {
	harm := slices.ContainsFunc([]string{"close", "restart-unit", "kill"}, s.fs.Changed)
	return harm && s.hasPort() && flags.IsPort(s.first) && !strings.HasPrefix(before, "-p") && !allPorts(strings.Split(before, ","))
}

// hasPort reports whether a port is given anywhere in the line.
func (o *options) hasPort() bool {
	return slices.ContainsFunc(o.line, func(w string) bool { return strings.HasPrefix(w, "-p") || strings.HasPrefix(w, "--port") })
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
