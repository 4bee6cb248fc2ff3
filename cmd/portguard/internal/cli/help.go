package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/page"
)

const (
	helpColumn   = 28 // where it is said what a flag does
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
	s := page.NewSheet(w)
	s.Usage(cmd.UseLine())
	s.Text(cmd.Long)
	if cmd.Example != "" {
		s.Text("\n" + cmd.Example)
	}
	flags(s, cmd.LocalFlags())
	if !cmd.HasParent() {
		fmt.Fprintf(s, "\nCommands:\n")
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				s.Row("  "+c.Name(), c.Short, 14)
			}
		}
		fmt.Fprintf(s, "\nExit status:\n")
		for _, status := range Statuses {
			s.Row(fmt.Sprintf("  %3d", status.Code), status.Meaning, statusColumn)
		}
	}
	_, _ = io.WriteString(w, s.String())
}

// flags are those of a command, below their titles, in the order in which they were added.
func flags(s *page.Sheet, fs *pflag.FlagSet) {
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
			flag(s, f)
		}
	}
}

func flag(s *page.Sheet, f *pflag.Flag) {
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
	s.Row(term, usage, helpColumn)
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
