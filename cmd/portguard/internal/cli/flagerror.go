package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// FlagError turns pflag's errors into ours, with a right line.
func (a *App) FlagError(cmd *cobra.Command, err error) error {
	var needs *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &needs):
		return &UsageError{"there is no value after " + dashed(needs.GetFlag()), rightLine(cmd.CommandPath(), needs.GetFlag().Name)}
	case errors.As(err, &invalid):
		f, format := invalid.GetFlag(), "--%s %q is not a duration such as 10s or 2m"
		switch f.Value.Type() {
		case "bool":
			format = "--%s takes no value such as %q"
		case "int":
			format = "--%s %q is not a number"
		}
		if signal := SignalName(invalid.GetValue()); f.Name == "kill" && signal != "" {
			if at := slices.Index(a.Args, "--kill="+invalid.GetValue()); at >= 0 {
				return &UsageError{fmt.Sprintf(format+": --signal says which signal", f.Name, invalid.GetValue()), Amended(a.Args, at, 1, "--kill", "--signal", signal)}
			}
		}
		return &UsageError{fmt.Sprintf(format, f.Name, invalid.GetValue()), rightLine(cmd.CommandPath(), f.Name)}
	case errors.As(err, &unknown):
		typed, at := a.typed(unknown)
		return &UsageError{"there is no flag " + typed, a.meant(cmd, typed, at)}
	}
	return &UsageError{err.Error(), cmd.CommandPath() + " --help"}
}

func dashed(f *pflag.Flag) string {
	if f.Shorthand != "" {
		return "-" + f.Shorthand
	}
	return "--" + f.Name
}

// Eaten finds a flag that lacks its value and has taken the next flag for it: then nothing after it is right.
func Eaten(command string, fs *pflag.FlagSet) error {
	var wrong error
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Changed {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if wrong == nil && isFlag(v) {
				wrong = &UsageError{fmt.Sprintf("there is no value after %s, but %q", dashed(f), v), rightLine(command, f.Name)}
			}
		}
	})
	return wrong
}

func isFlag(word string) bool {
	return len(word) > 1 && word[0] == '-' && (word[1] == '-' || word[1] >= 'A' && word[1] <= 'z')
}

// CommandNames are those that help shows.
func CommandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// Closest is the word that was probably meant, "" when it is none of these.
func Closest(typed string, words []string) string {
	all := &cobra.Command{}
	for _, w := range words {
		if strings.EqualFold(w, typed) {
			return w
		}
		all.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
	}
	for distance := 1; distance <= 2 && len(typed) > 2; distance++ {
		all.SuggestionsMinimumDistance = distance
		if near := all.SuggestionsFor(typed); len(near) > 0 {
			return near[0]
		}
	}
	return ""
}

// rightLine is a command line that has a flag.
func rightLine(command, flag string) string {
	line, rest := command, ""
	switch command {
	case "portguard":
		rest = " -p 30010 -- COMMAND"
	case "portguard hold", "portguard ready":
		rest = " -p 30010"
	case "portguard reserve", "portguard release":
		rest = " 30010"
	case "portguard range":
		rest = " 32768-60999"
	case "portguard unit install":
		line, rest = line+" order.service", " -p 30010"
	}
	switch flag {
	case "port":
		return line + rest
	case "signal", "grace", "kill-listeners":
		line += " --kill"
	case "only":
		line += " --close"
	case "restart-delay", "restart-limit", "ready-timeout", "stop-timeout", "stop-signal", "process-group":
		line += " --restart on-failure"
	case "as-user":
		line += " --reuseport"
	case "netns":
		rest = strings.TrimSuffix(rest, " -- COMMAND")
	case "output":
		line += " --openmetrics"
	}
	return line + " --" + flag + ExampleOf(flag) + rest
}

// ExampleOf is a value of a flag, with the space before it; "" for one that takes none.
func ExampleOf(flag string) string {
	return map[string]string{
		"reuseaddr": " yes", "wait": " 30s", "signal": " TERM", "grace": " 10s", "only": " unit=redis.service", "hold": " none",
		"restart": " on-failure", "restart-delay": " 1s", "restart-limit": " 5/1m", "ready-timeout": " 30s", "stop-timeout": " 10s", "stop-signal": " QUIT",
		"ready": " 30s", "pid": " 2022", "unit": " order.service", "netns": " 4242", "as-user": " root",
		"as": " wrapper", "downtime": " 10s", "sample": " 2s", "output": " portguard.prom",
	}[flag]
}
