package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	helpWidth    = 80 // longer lines are no easier to read
	helpColumn   = 28 // where it is said what a flag does
	helpNarrow   = 24 // columns that what is said takes at least: else it stands below
	statusColumn = 7
)

// titleKey is the annotation of a flag that has the title above it in --help.
const titleKey = "title of help"

// Titled adds flags that stand below a title of their own in --help and in the manual.
func Titled(fs *pflag.FlagSet, title string, add func(*pflag.FlagSet)) {
	fs.SortFlags = false
	own := pflag.NewFlagSet(title, pflag.ContinueOnError)
	own.SortFlags = false
	add(own)
	all := map[string][]string{titleKey: {title}} // of all of them: every start makes these flags
	own.VisitAll(func(f *pflag.Flag) {
		f.Annotations = all
		fs.AddFlag(f)
	})
}

// Title is what a flag stands below; "Other" of one without, "Flags" where none has one.
func Title(f *pflag.Flag, fs *pflag.FlagSet) string {
	if own := f.Annotations[titleKey]; len(own) > 0 {
		return own[0]
	}
	title := "Flags"
	fs.VisitAll(func(other *pflag.Flag) {
		if other.Annotations[titleKey] != nil {
			title = "Other"
		}
	})
	return title
}

// Help writes all that there is to say of a command.
func Help(w io.Writer, cmd *cobra.Command) {
	s := newSheet(w)
	usage := strings.Join(fill(cmd.UseLine(), s.width-len("Usage: "), s.width-len("Usage: ")), "\n       ")
	fmt.Fprintf(s, "Usage: %s\n\n", usage)
	s.text(cmd.Long)
	if cmd.Example != "" {
		s.text("\n" + cmd.Example)
	}
	s.flags(cmd.LocalFlags())
	if !cmd.HasParent() {
		fmt.Fprintf(s, "\nCommands:\n")
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				s.row("  "+c.Name(), c.Short, 14)
			}
		}
		fmt.Fprintf(s, "\nExit status:\n")
		for _, status := range Statuses {
			s.row(fmt.Sprintf("  %3d", status.Code), status.Meaning, statusColumn)
		}
	}
	_, _ = io.WriteString(w, s.String())
}

// Lay writes a text as Help does: paragraphs are filled; indented lines are terms and, behind two spaces or more, what they mean.
func Lay(w io.Writer, text string) {
	s := newSheet(w)
	s.text(text)
	_, _ = io.WriteString(w, s.String())
}

// sheet is text as wide as a terminal.
type sheet struct {
	strings.Builder
	width int
}

func newSheet(w io.Writer) *sheet { return &sheet{width: min(Columns(w), helpWidth)} }

func (s *sheet) text(text string) {
	var paragraph, term, meaning string
	column := 0
	end := func() {
		switch {
		case paragraph != "":
			fmt.Fprintln(s, strings.Join(fill(paragraph, s.width, s.width), "\n"))
		case term != "":
			s.row(term, meaning, column)
		}
		paragraph, term, meaning = "", "", ""
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		rest := strings.TrimLeft(line, " ")
		switch indent := len(line) - len(rest); {
		case line == "":
			end()
			fmt.Fprintln(s)
		case indent == 0:
			paragraph += " " + line
		case indent > 2 && term != "":
			meaning += " " + rest
		default:
			end()
			var behind string
			term, behind, _ = strings.Cut(rest, "  ")
			term, meaning = line[:indent]+term, strings.TrimLeft(behind, " ")
			column = utf8.RuneCountInString(strings.TrimSuffix(line, meaning))
		}
	}
	end()
}

// row is a term and what it means: beside it from a column on, or below it where the term or the terminal leaves no room.
func (s *sheet) row(term, meaning string, column int) {
	if meaning == "" {
		fmt.Fprintln(s, term)
		return
	}
	if s.width-column < helpNarrow {
		column = 6
	}
	if utf8.RuneCountInString(term)+2 > column {
		fmt.Fprintln(s, term)
		term = ""
	}
	for _, line := range fill(meaning, s.width-column, s.width-column) {
		fmt.Fprintf(s, "%-*s%s\n", column, term, line)
		term = ""
	}
}

// flags are those of a command, below their titles, in the order in which they were added.
func (s *sheet) flags(fs *pflag.FlagSet) {
	var titles []string
	below := map[string][]*pflag.Flag{}
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		title := Title(f, fs)
		if below[title] == nil {
			titles = append(titles, title)
		}
		below[title] = append(below[title], f)
	})
	for _, title := range titles {
		fmt.Fprintf(s, "\n%s:\n", title)
		for _, f := range below[title] {
			s.flag(f)
		}
	}
}

func (s *sheet) flag(f *pflag.Flag) {
	value, usage := pflag.UnquoteUsage(f)
	term := "      --" + f.Name
	switch {
	case f.Shorthand != "":
		term = fmt.Sprintf("  -%s, --%s", f.Shorthand, f.Name)
	case f.Name == "help": // pflag knows -h without being told
		term = "  -h, --help"
	}
	if value != "" {
		term += " " + value
	}
	if by := byItself(f); by != "" {
		usage += " (default " + by + ")"
	}
	s.row(term, usage, helpColumn)
}

// byItself is the value of a flag that is not given, "" where that goes without saying: pflag's own rule is not exported.
func byItself(f *pflag.Flag) string {
	if f.Value.Type() == "int" && f.DefValue == "0" {
		return ""
	}
	switch f.DefValue {
	case "false", "0s", "[]":
		return ""
	}
	return f.DefValue
}
