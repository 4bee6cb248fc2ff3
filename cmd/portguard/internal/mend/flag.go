package mend

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NoFlag is the word with a flag that its command does not know, and what puts the line right; nil where that is not clear. What is shown
// never does more than what was typed asked for.
func NoFlag(cmd *cobra.Command, args []string, unknown *pflag.NotExistError) (word string, mend Mend) {
	word = "--" + unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		word = "-" + short
	}
	at := slices.IndexFunc(args, func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return name == word || word[1] != '-' && arg[0] == '-' && strings.HasSuffix(name, word[1:]) // of -version pflag has read the v
	})
	if at < 0 {
		return word, nil
	}
	word, value, given := strings.Cut(args[at], "=")
	n := noFlag{cmd, args, at, strings.TrimLeft(word, "-"), value, given}
	guesses := []func() []string{n.severalWords, n.signal, n.otherCase, n.notWanted, n.partOfPort, n.portItself, n.ofOthers, n.mistyped, n.command}
	for _, guess := range guesses {
		if line := guess(); line != nil {
			return word, As(line...)
		}
	}
	return word, nil
}

// noFlag is a flag that its command does not know.
type noFlag struct {
	cmd   *cobra.Command
	args  []string
	at    int // its place in args
	name  string
	value string
	given bool // the value, behind "="
}

// instead is the line with other words in the place of the flag.
func (n noFlag) instead(by ...string) []string { return Amended(n.args, n.at, 1, by...) }

// next is the word behind the flag, where it may be its value.
func (n noFlag) next() string {
	if n.at+1 < len(n.args) && !LooksLikeFlag(n.args[n.at+1]) {
		return n.args[n.at+1]
	}
	return ""
}

// called is the line with the flag by another name. Words behind a space in it come before the value.
func (n noFlag) called(name string) []string {
	flag, key, hasKey := strings.Cut(name, " ")
	switch f := n.cmd.Flags().Lookup(flag); {
	case f == nil:
		return nil
	case n.given && f.NoOptDefVal == "":
		return n.instead("--"+flag, key+n.value)
	case hasKey && n.next() != "":
		return Amended(n.args, n.at, 2, "--"+flag, key+n.next())
	}
	return n.instead("--" + flag)
}

// severalWords: a line in quotes, "--share --wait 30s".
func (n noFlag) severalWords() []string {
	if words := strings.Fields(n.args[n.at]); len(words) > 1 {
		return n.instead(words...)
	}
	return nil
}

// signal: --kill -9, as kill(1) has it.
func (n noFlag) signal() []string {
	if signal := Signal(n.name); signal != "" && slices.Contains(n.args, "--kill") && !strings.HasPrefix(n.args[n.at], "--") {
		return n.instead("--signal", signal)
	}
	return nil
}

// otherCase: -P 8080.
func (n noFlag) otherCase() []string {
	f := Shorthand(n.cmd, strings.ToLower(n.name))
	if f == nil {
		return nil
	}
	return n.called(f.Name)
}

// notWanted: --no-wait.
func (n noFlag) notWanted() []string {
	if found := regexp.MustCompile(`^no-?(.+)$`).FindStringSubmatch(n.name); found != nil && n.cmd.Flags().Lookup(found[1]) != nil {
		return n.instead()
	}
	return nil
}

// partOfPort: --udp and --host 127.0.0.1, which -p says by itself.
func (n noFlag) partOfPort() []string {
	words, value := 2, n.next()
	if n.given {
		words, value = 1, n.value
	}
	before, behind := "", ""
	switch n.name {
	case "udp", "tcp":
		words, behind = 1, "/"+n.name
	case "proto", "protocol":
		behind = "/" + value
	case "host", "address", "addr", "bind", "ip", "listen":
		before = value + ":"
	}
	if before+behind == "" || n.cmd.Flags().Lookup("port") == nil {
		return nil
	}
	l := Read(n.cmd, Amended(n.args, n.at, words))
	each("port", func(p *part) { p.value = before + strings.ReplaceAll(p.value, ",", behind+","+before) + behind })(l)
	return l.Words()
}

// portItself: reserve -p 30010, where PORTS take no flag.
func (n noFlag) portItself() []string {
	if !strings.Contains(n.cmd.Use, "PORTS") || n.name[0] != 'p' {
		return nil
	}
	var line []string
	for _, w := range n.args {
		if w = regexp.MustCompile(`^(-p|--ports?)=?`).ReplaceAllString(w, ""); w != "" {
			line = append(line, w)
		}
	}
	return line
}

// ofOthers: other programs' names.
func (n noFlag) ofOthers() []string {
	harms := slices.ContainsFunc([]string{"--close", "--restart-unit", "--kill"}, func(f string) bool { return slices.Contains(n.args, f) })
	switch n.name {
	case "timeout", "until", "t", "w":
		return n.called("wait")
	case "noop", "simulate", "check", "n":
		return n.called("dry-run")
	case "user", "unit":
		if harms {
			return n.called("only " + n.name + "=")
		}
	case "so-reuseaddr":
		return n.called("reuseaddr")
	case "version":
		return []string{"version"}
	case "silent":
		return n.called("quiet")
	case "debug":
		return n.called("verbose")
	case "all", "list": // what a command shows by itself
		return n.instead()
	}
	return nil
}

// mistyped: --dryrun, -share.
func (n noFlag) mistyped() []string {
	var all []string
	n.cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	return n.called(Closest(strings.ReplaceAll(n.name, "_", "-"), all))
}

// command: --audit.
func (n noFlag) command() []string {
	named, _, err := n.cmd.Find([]string{n.name})
	if n.given || n.next() != "" || err != nil || named == n.cmd {
		return nil
	}
	return slices.Concat([]string{n.name}, n.args[:n.at], n.args[n.at+1:])
}

// Amended is a command line with some of its words replaced.
func Amended(args []string, at, words int, by ...string) []string {
	return slices.Concat(args[:at], by, args[at+words:])
}
