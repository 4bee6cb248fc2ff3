package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/mend"
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
		return invalidValue(cmd, invalid.GetFlag(), invalid.GetValue())
	case errors.As(err, &unknown):
		word, right := mend.NoFlag(cmd, a.Args, unknown)
		wrong := &UsageError{Problem: "there is no flag " + word, Right: cmd.CommandPath() + " --help"}
		if right != nil {
			wrong.Mends = []mend.Mend{right}
		}
		return wrong
	}
	if at := slices.IndexFunc(a.Args, func(arg string) bool { return strings.HasPrefix(arg, "---") }); at >= 0 {
		return MisuseOf(fmt.Sprintf("%q begins with too many dashes", a.Args[at]), mend.Amended(a.Args, at, 1, "--"+strings.TrimLeft(a.Args[at], "-")))
	}
	return Misuse(err.Error(), cmd.CommandPath()+" --help")
}

// invalidValue is the error of a value that a flag does not take.
func invalidValue(cmd *cobra.Command, f *pflag.Flag, value string) error {
	if f.NoOptDefVal == "" && mend.LooksLikeFlag(value) {
		return eaten(cmd.CommandPath(), f, value)
	}
	problem, mends := "--%s %q is not a duration such as 10s or 2m", []mend.Mend{mend.Value(f.Name, value, mend.Duration(value, example(f)))}
	switch signal := mend.Signal(value); {
	case f.Name == "kill" && signal != "":
		problem, mends = "--%s takes no value such as %q: --signal says which signal", []mend.Mend{mend.Before(f.Name, "--signal", signal), mend.Bare(f.Name)}
	case f.Value.Type() == "bool" && mend.YesOrNo(value) == "no":
		problem, mends = "--%s takes no value such as %q", []mend.Mend{mend.Without(f.Name)}
	case f.Value.Type() == "bool":
		problem, mends = "--%s takes no value such as %q", []mend.Mend{mend.Bare(f.Name)}
	case f.Value.Type() == "int":
		problem, mends = "--%s %q is not a number", []mend.Mend{mend.Value(f.Name, value, example(f))}
	}
	return Misuse(fmt.Sprintf(problem, f.Name, value), rightLine(cmd.CommandPath(), f.Name), mends...)
}

// filled gives a flag without a value its example.
func filled(f *pflag.Flag) mend.Mend { return mend.Fill(f, example(f)) }

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
		var values []string
		if list, ok := f.Value.(*List); ok {
			values = *list
		} else {
			values = []string{f.Value.String()}
		}
		for _, v := range values {
			if wrong == nil && mend.LooksLikeFlag(v) {
				wrong = eaten(command, f, v)
			}
		}
	})
	return wrong
}

// eaten is the error of a flag that has the next one, or what is quoted with it, for its value.
func eaten(command string, f *pflag.Flag, next string) error {
	return Misuse(fmt.Sprintf("there is no value after %s, but %q", dashed(f), next), rightLine(command, f.Name), mend.Value(f.Name, next, next), filled(f))
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
