package cli

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// typed is the word with a flag that does not exist, and its place in the line, -1 where there is no line.
func (a *App) typed(unknown *pflag.NotExistError) (word string, at int) {
	word = "--" + unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		word = "-" + short
	}
	at = slices.IndexFunc(a.Args, func(arg string) bool {
		if strings.HasPrefix(arg, "--") || strings.HasPrefix(word, "--") {
			name, _, _ := strings.Cut(arg, "=")
			return name == word
		}
		return strings.HasPrefix(arg, "-") && strings.HasSuffix(arg, word[1:]) // of -version pflag has read the v
	})
	if at >= 0 {
		word, _, _ = strings.Cut(a.Args[at], "=")
	}
	return word, at
}

// meant is the line that was probably meant by a flag that does not exist, nil where that is not clear. It never does more than what was
// typed asked for.
func (a *App) meant(cmd *cobra.Command, typed string, at int) []string {
	if at < 0 {
		return nil
	}
	name := strings.TrimLeft(typed, "-")
	_, value, given := strings.Cut(a.Args[at], "=")
	var all []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	near := sameAs(name)
	if near == "only" && !slices.ContainsFunc([]string{"--close", "--restart-unit", "--kill"}, func(f string) bool { return slices.Contains(a.Args, f) }) {
		near = "" // nothing harms anybody yet
	}
	if near == "" && len(name) > 1 {
		near = Closest(strings.ReplaceAll(name, "_", "-"), all)
	}
	if near == "help" && !strings.HasPrefix(name, "he") || near == "restart-unit" && name == "restart" {
		near = ""
	}
	short, takesPorts := shorthand(cmd.Flags(), name), strings.Contains(cmd.Use, "PORTS")
	switch signal := a.meantSignal(typed, at); {
	case signal != nil:
		return signal
	case name == "version", name == "V":
		return []string{"version"}
	case short != nil && given:
		return Amended(a.Args, at, 1, "-"+short.Shorthand, value)
	case short != nil:
		return Amended(a.Args, at, 1, "-"+short.Shorthand)
	case a.glued(cmd, at) != nil:
		return a.glued(cmd, at)
	case cmd.Flags().Lookup("port") != nil && a.meantPort(cmd, name, at) != nil:
		return a.meantPort(cmd, name, at)
	case a.negated(cmd, name, at) != nil:
		return a.negated(cmd, name, at)
	case slices.Contains([]string{"y", "yes", "assume-yes", "batch"}, name): // nothing is asked
		return Amended(a.Args, at, 1)
	case (name == "e" || name == "env") && a.withVariable(at) != nil:
		return a.withVariable(at)
	case name == "ready" && !cmd.HasParent(): // of unit install
		meant := slices.Concat([]string{name}, a.Args[:at], a.Args[at+1:])
		if at+1 < len(a.Args) && !isFlag(a.Args[at+1]) {
			meant = slices.Insert(meant, at+1, "--wait")
		}
		return meant
	case cmd.Flags().Lookup(near) != nil:
		return a.instead(cmd.Flags().Lookup(near), at, name)
	case !cmd.HasParent() && slices.Contains(CommandNames(cmd), name):
		return slices.Concat([]string{name}, a.Args[:at], a.Args[at+1:])
	case takesPorts && strings.HasPrefix(name, "p"):
		return a.withoutFlag()
	case slices.Contains([]string{"all", "list", "show", "ls", "l", "status"}, name):
		if cmd.Name() == "release" {
			return []string{"reserve"}
		}
		return Amended(a.Args, at, 1)
	}
	return nil
}

// glued is the line of a flag whose value is not apart from it, "--wait30s", or of a line in quotes that is one word; nil where it is neither.
func (a *App) glued(cmd *cobra.Command, at int) []string {
	if apart := strings.Fields(a.Args[at]); len(apart) > 1 {
		return Amended(a.Args, at, 1, apart...)
	}
	found := regexp.MustCompile(`^--([a-z][a-z-]*[a-z])[-:,]?([0-9].*)$`).FindStringSubmatch(a.Args[at])
	if found == nil {
		return nil
	}
	f := cmd.Flags().Lookup(found[1])
	if f == nil || f.NoOptDefVal != "" {
		return nil
	}
	return Amended(a.Args, at, 1, "--"+f.Name, found[2])
}

// negated is the line without a flag that was not wanted: "--no-wait"; nil where it is another.
func (a *App) negated(cmd *cobra.Command, name string, at int) []string {
	for _, not := range []string{"no-", "not-", "without-", "no"} {
		if rest, ok := strings.CutPrefix(name, not); ok && cmd.Flags().Lookup(rest) != nil {
			return Amended(a.Args, at, 1)
		}
	}
	return nil
}

// shorthand is the flag of a name of one letter, in whatever case. pflag panics when it is asked for what is no ASCII.
func shorthand(fs *pflag.FlagSet, name string) *pflag.Flag {
	if len(name) != 1 || name[0] >= utf8.RuneSelf {
		return nil
	}
	return fs.ShorthandLookup(strings.ToLower(name))
}

// instead is the line with another flag in a place.
func (a *App) instead(f *pflag.Flag, at int, typed string) []string {
	_, value, given := strings.Cut(a.Args[at], "=")
	by := "--" + f.Name
	if !given && f.Name == "only" && sameAs(typed) == f.Name && at+1 < len(a.Args) { // --user NAME
		return Amended(a.Args, at, 2, by, typed+"="+a.Args[at+1])
	}
	switch {
	case !given || f.NoOptDefVal != "":
		return Amended(a.Args, at, 1, by)
	case f.Name == "only" && sameAs(typed) == f.Name:
		value = typed + "=" + value
	}
	return Amended(a.Args, at, 1, by, value)
}

// sameAs is the flag by which other programs' flags go here.
func sameAs(name string) string {
	return map[string]string{
		"timeout": "wait", "t": "wait", "w": "wait", "until": "wait", "so-reuseaddr": "reuseaddr", "so_reuseaddr": "reuseaddr", "noop": "dry-run", "simulate": "dry-run", "n": "dry-run", "check": "dry-run", "user": "only", "unit": "only",
		"sig": "signal", "silent": "quiet", "s": "share", "debug": "verbose", "color": "no-color", "format": "json", "o": "json",
	}[name]
}

// meantSignal is the line with --signal for a word by which kill(1) takes a signal: -9, -KILL, -s KILL. It takes a --kill that was typed.
func (a *App) meantSignal(typed string, at int) []string {
	if strings.HasPrefix(typed, "--") || !slices.Contains(a.Args, "--kill") {
		return nil
	}
	name, words := typed[1:], 1
	if name == "s" && at+1 < len(a.Args) {
		name, words = a.Args[at+1], 2
	}
	signal := SignalName(name)
	if signal == "" {
		return nil
	}
	return Amended(a.Args, at, words, "--signal", signal)
}

// withVariable is the line with a variable of docker's -e before COMMAND; nil where there is none of both.
func (a *App) withVariable(at int) []string {
	dashes := slices.Index(a.Args, "--")
	if dashes < at+2 || !strings.Contains(a.Args[at+1], "=") {
		return nil
	}
	command := a.Args[dashes+1:]
	if len(command) > 0 && command[0] == "env" {
		command = command[1:]
	}
	return slices.Concat(a.Args[:at], a.Args[at+2:dashes], []string{"--", "env", a.Args[at+1]}, command)
}

// withoutFlag is the line without the -p before PORTS, which take none.
func (a *App) withoutFlag() []string {
	at := slices.IndexFunc(a.Args, func(arg string) bool { return strings.HasPrefix(arg, "-p") || strings.HasPrefix(arg, "--p") })
	if at < 0 {
		return nil
	}
	value, words := strings.TrimLeft(strings.TrimLeft(a.Args[at], "-port"), "="), 1
	if value == "" && at+1 < len(a.Args) {
		value, words = a.Args[at+1], 2
	}
	return Amended(a.Args, at, words, value)
}

// Amended is a command line with some of its words replaced.
func Amended(args []string, at, words int, by ...string) []string {
	return slices.Concat(args[:at], by, args[at+words:])
}

// SignalName is KILL for "9", "KILL" and "SIGKILL"; "" for what is no signal.
func SignalName(word string) string {
	name := strings.TrimPrefix(strings.ToUpper(word), "SIG")
	if n, err := strconv.Atoi(word); err == nil {
		name = strings.TrimPrefix(unix.SignalName(unix.Signal(n)), "SIG")
	}
	if unix.SignalNum("SIG"+name) == 0 {
		return ""
	}
	return name
}
