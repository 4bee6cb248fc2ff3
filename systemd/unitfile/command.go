package unitfile

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// Command is the value of one ExecStart= and its like, in the words of the file.
type Command struct {
	// Prefixes are those of "-:+!" that stand before the program, in their order ("!!" is two).
	Prefixes string
	// Argv0 is the prefix "@": the first argument is what the program is called. Behind leaves it to the other program to
	// give that name on.
	Argv0   bool
	program string // unquoted; specifiers stand in it
	rest    string // the arguments as they are written
}

// CommandError says why a command line cannot be put behind another program.
type CommandError struct {
	Line   string // as it is written
	Reason string
}

func (e *CommandError) Error() string { return fmt.Sprintf("%q: %s", e.Line, e.Reason) }

// ParseCommand takes a command line apart. Errors are *CommandError: it is none, or it does something that it could not do
// behind another program.
func ParseCommand(line string) (Command, error) {
	refuse := func(reason string) (Command, error) { return Command{}, &CommandError{line, reason} }
	first, rest, ok, err := nextWord(line)
	switch {
	case !utf8.ValidString(line) || strings.ContainsAny(line, "\x00\n\r"):
		return refuse("this is not one line of UTF-8 text")
	case err != nil:
		return refuse(err.Error())
	case !ok:
		return refuse("there is no command")
	case endsEscaping(strings.TrimRight(line, whitespace)):
		return refuse("it ends in a backslash, which would continue the line in another file")
	}
	program := strings.TrimLeft(first.text, "-:+!@|")
	prefixes := first.text[:len(first.text)-len(program)]
	switch {
	case program == "":
		return refuse("there is no program after its prefixes")
	case strings.Contains(prefixes, "|"):
		return refuse(`the prefix "|" makes the line a script of the user's shell, and no program stands before a script`)
	}
	c := Command{
		Prefixes: strings.ReplaceAll(prefixes, "@", ""), Argv0: strings.Contains(prefixes, "@"),
		program: program, rest: strings.Trim(rest, whitespace),
	}
	if c.Argv0 && c.rest == "" {
		return refuse(`the prefix "@" needs an argument, which is what the program is called`)
	}
	for rest != "" {
		var w word
		if w, rest, ok, err = nextWord(rest); err != nil {
			return refuse(err.Error())
		}
		if ok && w.raw == ";" {
			return refuse(`it is more than one command (";")`)
		}
	}
	return c, nil
}

// Behind is the command line that starts argv with this command as its further arguments, under the same prefixes. argv
// reaches the program as it is; specifiers, variables, quotes and escapes of the command keep their meaning.
func (c Command) Behind(argv []string) string {
	ours, program := specifiers|variables, variables
	if strings.Contains(c.Prefixes, ":") {
		ours, program = specifiers, 0
	}
	words := quoteAll(argv, ours)
	// As the first word it was no place for a variable; now it is.
	words = append(words, quote(c.program, program))
	if c.rest != "" {
		words = append(words, c.rest)
	}
	return c.Prefixes + strings.Join(words, " ")
}

// Searched reports whether the program is given without a path, so that whoever starts it looks for it: systemd in the directories that
// it was built with or ExecSearchPath=, a program in its own PATH.
func (c Command) Searched() bool {
	return !strings.Contains(c.program, "/") && !strings.HasPrefix(c.program, "%") // a specifier may be a path
}

// Name is the name of the program's file; specifiers stand in it.
func (c Command) Name() string { return path.Base(c.program) }

// Join writes a command line that runs argv, every argument as it is.
func Join(prefixes string, argv []string) string {
	return prefixes + strings.Join(quoteAll(argv, specifiers|variables), " ")
}

// quoteAll quotes a program, in whose name systemd expands no variables, and its arguments.
func quoteAll(argv []string, double expansion) []string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		if i == 0 {
			words[i] = quote(arg, double&^variables)
		} else {
			words[i] = quote(arg, double)
		}
	}
	return words
}

// Arguments reads the words of a command line that Join or Behind wrote, without the prefixes. What they were given comes
// back as it was; of the command behind it, doubled % and $ are single.
func Arguments(line string) ([]string, error) {
	var args []string
	undouble := strings.NewReplacer("%%", "%", "$$", "$")
	for line != "" {
		w, rest, ok, err := nextWord(line)
		switch {
		case err != nil:
			return nil, &CommandError{line, err.Error()}
		case ok && len(args) == 0:
			program := strings.TrimLeft(w.text, "-:+!")
			args = append(args, strings.ReplaceAll(program, "%%", "%"))
		case ok:
			args = append(args, undouble.Replace(w.text))
		}
		line = rest
	}
	return args, nil
}
