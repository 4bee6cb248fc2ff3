package mend

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NoFlag is the word with a flag that its command does not know, and what puts the line right; nil where that is not clear.
func NoFlag(cmd *cobra.Command, args []string, unknown *pflag.NotExistError) (word string, mend Mend) {
	word = "--" + unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		word = "-" + short
	}
	at := slices.IndexFunc(args, func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return name == word || word[1] != '-' && strings.HasPrefix(arg, "-") && strings.HasSuffix(name, word[1:]) // of -version pflag has read the v
	})
	if at < 0 {
		return word, nil
	}
	word, _, _ = strings.Cut(args[at], "=")
	if line := meantByFlag(cmd, args, at, strings.TrimLeft(word, "-")); line != nil {
		return word, As(line...)
	}
	return word, nil
}

// meantByFlag is the line that was meant: of several words in quotes, by another program's flag, a mistyped one, or a command with dashes.
func meantByFlag(cmd *cobra.Command, args []string, at int, name string) []string {
	if words := strings.Fields(args[at]); len(words) > 1 {
		return Amended(args, at, 1, words...)
	}
	if name == "version" {
		return []string{name}
	}
	rules := portsRules
	if cmd.Flags().Lookup("port") != nil {
		rules = flagRules
		if line := saidByPort(cmd, args, at, name); line != nil {
			return line
		}
	}
	if line, _ := ByRule(rules(), args, at); line != nil {
		return line
	}
	var all []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	if near := cmd.Flags().Lookup(Closest(strings.ReplaceAll(name, "_", "-"), all)); near != nil {
		_, value, given := strings.Cut(args[at], "=")
		if given && near.NoOptDefVal == "" {
			return Amended(args, at, 1, "--"+near.Name, value)
		}
		return Amended(args, at, 1, "--"+near.Name)
	}
	if named, _, err := cmd.Find([]string{name}); err == nil && named != cmd && (at+1 == len(args) || LooksLikeFlag(args[at+1])) {
		return slices.Concat([]string{name}, args[:at], args[at+1:])
	}
	return nil
}

// saidByPort is the line of a flag that says what -p says by itself: --udp, --host 127.0.0.1.
func saidByPort(cmd *cobra.Command, args []string, at int, name string) []string {
	_, value, given := strings.Cut(args[at], "=")
	words, before, behind := 1, "", ""
	if !given && at+1 < len(args) {
		words, value = 2, args[at+1]
	}
	switch name {
	case "tcp", "udp":
		words, behind = 1, "/"+name
	case "proto", "protocol":
		behind = "/" + value
	case "host", "addr", "address", "bind", "ip", "listen":
		before = value + ":"
	default:
		return nil
	}
	l := Read(cmd, Amended(args, at, words))
	each("port", func(p *part) { p.value = before + strings.ReplaceAll(p.value, ",", behind+","+before) + behind })(l)
	return l.Words()
}

// flagRules are other programs' flags. None does more than what was typed asks for.
func flagRules() []Rule {
	return []Rule{
		{Typed: `¦-P`, Meant: "-p"},
		{Typed: `¦(?:--(?:timeout|until)|-[tw])\b=?`, Meant: "--wait "},
		{Typed: `¦(?:--(?:noop|simulate|check)|-n)\b`, Meant: "--dry-run"},
		{Typed: `¦--so-reuseaddr\b`, Meant: "--reuseaddr"},
		{Typed: `¦--silent\b`, Meant: "--quiet"},
		{Typed: `¦--debug\b`, Meant: "--verbose"},
		{Typed: `¦--no-?(?:wait|share|close|kill|restart|reserve|hold|json)\b`, Meant: ""},
		{Typed: `(--kill\b.*)¦-(?:SIG)?(9|15|HUP|INT|QUIT|KILL|TERM)\b`, Meant: "$1--signal $2"},
		// Whom to harm, if anybody.
		{Typed: `(--(?:close|restart-unit|kill)\b.*)¦--(user|unit)[= ]`, Meant: "$1--only $2="},
		{Typed: `¦--(user|unit)[= ](.*--(?:close|restart-unit|kill)\b)`, Meant: "--only $1=$2"},
	}
}

// portsRules are those of commands that take PORTS without a flag.
func portsRules() []Rule {
	return []Rule{
		{Typed: `¦--?p(?:orts?)?[= ]?`, Meant: ""},
		{Typed: `\b(release .*)¦--all\b`, Meant: "${1}all"}, // which no release takes: it shows what there is
		{Typed: `¦--(?:all|list)\b`, Meant: ""},
	}
}

// Amended is a command line with some of its words replaced.
func Amended(args []string, at, words int, by ...string) []string {
	return slices.Concat(args[:at], by, args[at+words:])
}
