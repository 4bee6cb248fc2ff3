package guard

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/mend"
	"portguard/cmd/portguard/internal/page"
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

// forShells are characters that mean something to a shell alone.
const forShells = "\"'`$&|;<>()*?\\"

// noCommand tells of words that only a shell takes for a command: a whole line in quotes, variables in front, a command of the shell's own.
func noCommand(line []string, r request, err error) error {
	var e *become.Error
	first, rest := r.command[0], r.command[1:]
	if !errors.As(err, &e) || !e.NotFound() && first != "." || r.argv0 { // "." is a directory of every PATH's
		return err
	}
	meant := func(problem string, command ...string) error {
		return &noCommandError{err, problem, page.CommandLine(slices.Concat([]string{"portguard"}, line[:len(line)-len(r.command)], command), 0)}
	}
	if plain, strange := mend.Typeset(r.command); plain != nil {
		if words := strings.Fields(plain[0]); len(words) > 1 {
			plain = append(words, plain[1:]...)
		}
		return meant(strange, plain...)
	}
	switch {
	case first == "--" && len(rest) > 0:
		return meant("there is no program \"--\": it stands before COMMAND once", rest...)
	case strings.HasPrefix(first, "-") && flagsFirst(r.command) != nil:
		dashes := len(line) - len(r.command) - 1
		return &noCommandError{err, fmt.Sprintf("there is no program %q: flags of portguard's come before --", first),
			page.CommandLine(slices.Concat([]string{"portguard"}, line[:dashes], flagsFirst(r.command)), 0)}
	case !strings.Contains(first, "/") && here(first):
		return meant(fmt.Sprintf("%s is in this directory, and not in PATH", first), run(first, rest)...)
	case len(strings.Fields(first)) > 1 && !strings.ContainsAny(first, forShells) && !isAssignment(first):
		return meant(fmt.Sprintf("there is no program %q: COMMAND and its arguments are words of their own", first), append(strings.Fields(first), rest...)...)
	case len(strings.Fields(first)) > 1 && len(rest) == 0:
		return meant(fmt.Sprintf("there is no program %q: only a shell runs such a line", first), "sh", "-c", first)
	case isAssignment(first):
		if !slices.ContainsFunc(rest, func(w string) bool { return !isAssignment(w) }) {
			rest = append(slices.Clone(rest), "COMMAND")
		}
		return meant(fmt.Sprintf("there is no program %q: env sets variables", first), slices.Concat([]string{"env", first}, rest)...)
	case first == "exec" && len(rest) > 0:
		return meant("exec is a command of the shell's: portguard becomes COMMAND by itself", rest...)
	case slices.Contains([]string{"cd", "source", ".", "export", "ulimit", "umask", "set", "alias", "unset", "eval"}, first):
		return meant(first+" is a command of the shell's", "sh", "-c", page.CommandLine(r.command, 0)+" && exec COMMAND")
	}
	return err
}

// flagsFirst is a COMMAND with portguard's flags taken out from before it, and put before "--"; nil where they are none, or there is no more.
func flagsFirst(command []string) []string {
	var o options
	fs := newFlags(&o)
	if fs.Parse(command) != nil || fs.NArg() == 0 || fs.ArgsLenAtDash() >= 0 {
		return nil
	}
	flags := command[:len(command)-fs.NArg()]
	return slices.Concat(flags, []string{"--"}, fs.Args())
}

// here reports whether a file is in the directory that the command is run in.
func here(name string) bool {
	st, err := os.Stat(name)
	return err == nil && st.Mode().IsRegular()
}

// run is how a file of this directory is started.
func run(file string, args []string) []string {
	by := map[string][]string{".jar": {"java", "-jar"}, ".py": {"python3"}, ".js": {"node"}, ".rb": {"ruby"}, ".pl": {"perl"}, ".php": {"php"}}[path.Ext(file)]
	if by == nil {
		file = "./" + file
	}
	return slices.Concat(by, []string{file}, args)
}
