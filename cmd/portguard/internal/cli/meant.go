package cli

import (
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

// meant is the line that was probably meant by a flag that does not exist. It never does more than what was typed asked for.
func (a *App) meant(cmd *cobra.Command, typed string, at int) string {
	name := strings.TrimLeft(typed, "-")
	var all []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
	near := sameAs(name)
	if near == "" && len(name) > 1 {
		near = Closest(name, all)
	}
	short := shorthand(cmd.Flags(), name)
	switch signal := a.meantSignal(typed, at); {
	case signal != "":
		return signal
	case name == "version", name == "V":
		return "portguard version"
	case at >= 0 && short != nil:
		return Amended(a.Args, at, 1, "-"+short.Shorthand)
	case name == "u" || name == "udp":
		return a.meantUDP(cmd, at)
	case cmd.Flags().Lookup(near) != nil:
		return a.instead(cmd, cmd.Flags().Lookup(near), at, name)
	case strings.HasPrefix(name, "p") && strings.Contains(cmd.Use, "PORTS"):
		return a.withoutFlag(cmd)
	}
	return cmd.CommandPath() + " --help"
}

// shorthand is the flag of a name of one letter, in whatever case. pflag panics when it is asked for what is no ASCII.
func shorthand(fs *pflag.FlagSet, name string) *pflag.Flag {
	if len(name) != 1 || name[0] >= utf8.RuneSelf {
		return nil
	}
	return fs.ShorthandLookup(strings.ToLower(name))
}

// instead is the line with another flag in a place; an example where its value would not be one.
func (a *App) instead(cmd *cobra.Command, f *pflag.Flag, at int, typed string) string {
	if at < 0 {
		return rightLine(cmd.CommandPath(), f.Name)
	}
	_, value, given := strings.Cut(a.Args[at], "=")
	takes, next := f.NoOptDefVal == "", ""
	if at+1 < len(a.Args) {
		next = a.Args[at+1]
	}
	words, by := 1, []string{"--" + f.Name}
	switch {
	case !takes && next != "" && next[0] != '-', takes && !given && (next == "" || next[0] == '-'):
		return rightLine(cmd.CommandPath(), f.Name)
	case takes && !given:
		words, value = 2, next
	}
	if takes {
		if f.Name == "only" && sameAs(typed) == f.Name {
			value = typed + "=" + value // --user NAME
		}
		by = append(by, value)
	}
	return Amended(a.Args, at, words, by...)
}

// meantUDP is the line with a port of UDP.
func (a *App) meantUDP(cmd *cobra.Command, at int) string {
	if at >= 0 && at+1 < len(a.Args) && strings.Trim(a.Args[at+1], "0123456789-") == "" && a.Args[at+1][0] != '-' {
		return Amended(a.Args, at, 2, "-p", a.Args[at+1]+"/udp")
	}
	return strings.Replace(rightLine(cmd.CommandPath(), "port"), "30010", "30010/udp", 1)
}

// sameAs is the flag by which other programs' flags go here.
func sameAs(name string) string {
	return map[string]string{
		"timeout": "wait", "t": "wait", "noop": "dry-run", "simulate": "dry-run", "n": "dry-run", "check": "dry-run", "user": "only", "unit": "only",
		"sig": "signal", "silent": "quiet", "s": "share", "debug": "verbose", "color": "no-color", "format": "json", "o": "json",
	}[name]
}

// meantSignal is the line with --signal for a word by which kill(1) takes a signal: -9, -KILL, -s KILL. It takes a --kill that was typed.
func (a *App) meantSignal(typed string, at int) string {
	if at < 0 || strings.HasPrefix(typed, "--") || !slices.Contains(a.Args, "--kill") {
		return ""
	}
	name, words := typed[1:], 1
	if name == "s" && at+1 < len(a.Args) {
		name, words = a.Args[at+1], 2
	}
	signal := SignalName(name)
	if signal == "" {
		return ""
	}
	return Amended(a.Args, at, words, "--signal", signal)
}

// withoutFlag is the line without the -p before PORTS, which take none; an example where there is more to it.
func (a *App) withoutFlag(cmd *cobra.Command) string {
	at := slices.IndexFunc(a.Args, func(arg string) bool { return strings.HasPrefix(arg, "-p") || strings.HasPrefix(arg, "--p") })
	example, _, _ := strings.Cut(strings.Replace(strings.TrimSpace(cmd.Example), cmd.CommandPath()+"\n", "", 1), "\n")
	if at < 0 {
		return strings.TrimSpace(example)
	}
	value, words := strings.TrimLeft(strings.TrimLeft(a.Args[at], "-port"), "="), 1
	if value == "" && at+1 < len(a.Args) {
		value, words = a.Args[at+1], 2
	}
	if value == "" || strings.Trim(value, "0123456789,-") != "" {
		return strings.TrimSpace(example)
	}
	return Amended(a.Args, at, words, value)
}

// Amended is a command line with some of its words replaced.
func Amended(args []string, at, words int, by ...string) string {
	return CommandLine(slices.Concat([]string{"portguard"}, args[:at], by, args[at+words:]), 0)
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
