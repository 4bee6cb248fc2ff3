package guard

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/wrapper/become"
)

// noCommandError is a COMMAND that there is not, where it shows what was meant.
type noCommandError struct {
	error
	problem, right string
}

func (e *noCommandError) Error() string { return e.problem }

func (e *noCommandError) Unwrap() error { return e.error }

// Hint is the line that was meant.
func (e *noCommandError) Hint() string { return e.right }

// noCommand tells of words that only a shell takes for a command: a whole line in quotes, variables in front, a command of the shell's own.
func noCommand(line []string, r request, err error) error {
	var e *become.Error
	first, rest := r.command[0], r.command[1:]
	if !errors.As(err, &e) || !e.NotFound() && first != "." || r.argv0 { // "." is a directory of every PATH's
		return err
	}
	assignment := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)
	forShells := regexp.MustCompile("[\"'`$&|;<>()*?\\\\]")
	meant := func(problem string, command ...string) error {
		return &noCommandError{err, problem, cli.Amended(line, len(line)-len(r.command), len(r.command), command...)}
	}
	switch {
	case len(strings.Fields(first)) > 1 && len(rest) == 0 && !forShells.MatchString(first) && !assignment.MatchString(first):
		return meant(fmt.Sprintf("there is no program %q: COMMAND and its arguments are words of their own", first), strings.Fields(first)...)
	case len(strings.Fields(first)) > 1 && len(rest) == 0:
		return meant(fmt.Sprintf("there is no program %q: only a shell runs such a line", first), "sh", "-c", first)
	case assignment.MatchString(first):
		if !slices.ContainsFunc(rest, func(w string) bool { return !assignment.MatchString(w) }) {
			rest = append(slices.Clone(rest), "COMMAND")
		}
		return meant(fmt.Sprintf("there is no program %q: env sets variables", first), slices.Concat([]string{"env", first}, rest)...)
	case first == "exec" && len(rest) > 0:
		return meant("exec is a command of the shell's: portguard becomes COMMAND by itself", rest...)
	case slices.Contains([]string{"cd", "source", ".", "export", "ulimit", "umask", "set", "alias", "unset", "eval"}, first):
		return meant(first+" is a command of the shell's", "sh", "-c", cli.CommandLine(r.command, 0)+" && exec COMMAND")
	}
	return err
}
