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
		f := needs.GetFlag()
		return Misuse("there is no value after "+dashed(f), rightLine(cmd.CommandPath(), f.Name), filled(f))
	case errors.As(err, &invalid):
		f, value, format := invalid.GetFlag(), invalid.GetValue(), "--%s %q is not a duration such as 10s or 2m"
		mend := Value(f.Name, value, Duration(f.Name, value))
		switch f.Value.Type() {
		case "bool":
			format, mend = "--%s takes no value such as %q", Bare(f.Name)
			if YesOrNo(value) == "no" {
				mend = Without(f.Name)
			}
		case "int":
			format, mend = "--%s %q is not a number", Value(f.Name, value, strings.TrimSpace(ExampleOf(f.Name)))
		}
		if signal := SignalName(value); f.Name == "kill" && signal != "" {
			if at := slices.Index(a.Args, "--kill="+value); at >= 0 {
				return MisuseOf(fmt.Sprintf(format+": --signal says which signal", f.Name, value), Amended(a.Args, at, 1, "--kill", "--signal", signal))
			}
		}
		return Misuse(fmt.Sprintf(format, f.Name, value), rightLine(cmd.CommandPath(), f.Name), mend)
	case errors.As(err, &unknown):
		typed, at := a.typed(unknown)
		wrong := &UsageError{Problem: "there is no flag " + typed, Right: cmd.CommandPath() + " --help"}
		if meant := a.meant(cmd, typed, at); meant != nil {
			wrong.Mends = []Mend{As(meant...)}
		}
		return wrong
	}
	if at := slices.IndexFunc(a.Args, func(arg string) bool { return strings.HasPrefix(arg, "---") }); at >= 0 {
		return MisuseOf(fmt.Sprintf("%q begins with too many dashes", a.Args[at]), Amended(a.Args, at, 1, "--"+strings.TrimLeft(a.Args[at], "-")))
	}
	return Misuse(err.Error(), cmd.CommandPath()+" --help")
}

// filled gives a flag without a value its example.
func filled(f *pflag.Flag) Mend {
	if f.Name == "port" {
		return Fill(f, "30010")
	}
	return Fill(f, strings.TrimSpace(ExampleOf(f.Name)))
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
				wrong = Misuse(fmt.Sprintf("there is no value after %s, but %q", dashed(f), v), rightLine(command, f.Name), filled(f))
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
		for _, near := range all.SuggestionsFor(typed) {
			if distance == 1 || len(typed) > 4 || anagrams(near, typed) {
				return near
			}
		}
	}
	return ""
}

// anagrams: of four letters, two that are others make another word.
func anagrams(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return string(x) == string(y)
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
