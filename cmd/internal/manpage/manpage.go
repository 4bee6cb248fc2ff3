// Package manpage writes manual pages, in man(7), of commands and what their own --help says. It is linked into the
// program that makes the pages, not into portguard.
package manpage

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Book is what the pages of one program have in common.
type Book struct {
	Version string
	Date    time.Time
	// Title is what a flag stands below among the options of its command; all below the same, or nil: below none.
	Title func(f *pflag.Flag, of *pflag.FlagSet) string
	// Sections are the program's own page's, behind its options.
	Sections []Section
}

// Section is a heading with text, then a table, each of which may be empty.
type Section struct {
	Title string
	Text  string
	Rows  []Row
}

// Row is a term and what it means.
type Row struct{ Term, Meaning string }

// Name is a command's page: portguard-unit-install for "portguard unit install".
func Name(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// Page is the page of one command.
func (b Book) Page(cmd *cobra.Command) string {
	p := &page{}
	name := Name(cmd)
	p.line(".TH %s 1 %s %s %s", quote(strings.ToUpper(name)), b.Date.UTC().Format(time.DateOnly),
		quote(cmd.Root().Name()+" "+b.Version), quote("User Commands"))
	p.line(".nh\n.ad l") // names of files and flags are not hyphenated, and words not spread
	p.section("NAME")
	p.text(name + " \x00 " + cmd.Short)
	p.section("SYNOPSIS")
	p.synopsis(cmd)
	p.section("DESCRIPTION")
	p.prose(cmd.Long)
	p.options(cmd, b.Title)
	p.commands(cmd)
	if !cmd.HasParent() {
		for _, s := range b.Sections {
			p.section(s.Title)
			p.prose(s.Text)
			for _, r := range s.Rows {
				p.term(bold(r.Term), r.Meaning)
			}
		}
	}
	if cmd.Example != "" {
		p.section("EXAMPLES")
		p.verbatim(cmd.Example)
	}
	p.seeAlso(cmd)
	return p.String()
}

// page is man(7) source.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) section(title string) { p.line(".SH %s", quote(title)) }

// synopsis has a line for each form of a command.
func (p *page) synopsis(cmd *cobra.Command) {
	path := cmd.CommandPath()
	for i, form := range strings.Split(strings.TrimPrefix(cmd.UseLine(), path), " | ") {
		if i > 0 {
			p.line(".br")
		}
		p.line(".B %s", escape(path))
		p.text(form)
	}
}

// prose sets paragraphs; indented lines among them, as in --help, stay as they are.
func (p *page) prose(text string) {
	for i, block := range blocks(text) {
		rows, isList := list(block)
		if i > 0 && !isList {
			p.line(".PP")
		}
		switch {
		case isList:
			for _, r := range rows {
				p.term(bold(r.Term), r.Meaning)
			}
		case strings.HasPrefix(block, "  "):
			p.verbatim(block)
		default:
			p.text(block)
		}
	}
}

// blocks splits a text at empty lines, and where indented lines begin or end.
func blocks(text string) []string {
	var all []string
	last := "" // the line before
	for l := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		indented := strings.HasPrefix(l, "  ")
		switch {
		case l == "":
		case len(all) > 0 && last != "" && indented == strings.HasPrefix(last, "  "):
			all[len(all)-1] += "\n" + l
		default:
			all = append(all, l)
		}
		last = l
	}
	return all
}

// list reads indented lines that are terms and, behind two spaces or more, what they mean; that may go on below.
func list(block string) (rows []Row, ok bool) {
	for l := range strings.SplitSeq(block, "\n") {
		text, indented := strings.CutPrefix(l, "  ")
		if !indented {
			return nil, false
		}
		if strings.HasPrefix(text, "  ") && len(rows) > 0 {
			rows[len(rows)-1].Meaning += " " + strings.TrimSpace(text)
			continue
		}
		term, meaning, found := strings.Cut(text, "  ")
		if !found {
			return nil, false
		}
		rows = append(rows, Row{term, strings.TrimSpace(meaning)})
	}
	return rows, true
}

// text is running text, on lines as short as editors of manual pages want them.
func (p *page) text(text string) {
	const width = 80
	line := ""
	for _, word := range strings.Fields(text) {
		word = escape(word)
		if line != "" && len(line)+1+len(word) > width {
			p.line("%s", line)
			line = ""
		}
		if line != "" {
			line += " "
		} else if strings.HasPrefix(word, ".") {
			word = `\&` + word // not a request
		}
		line += word
	}
	if line != "" {
		p.line("%s", line)
	}
}

// verbatim keeps lines as they are, and their spaces.
func (p *page) verbatim(text string) {
	p.line(".nf")
	for _, l := range strings.Split(text, "\n") {
		p.line("%s", escape(l)) // indented, so no request
	}
	p.line(".fi")
}

// term is a paragraph with a hanging tag, which is source already.
func (p *page) term(tag, meaning string) {
	p.line(".TP\n%s", tag)
	p.text(meaning)
}

func (p *page) options(cmd *cobra.Command, title func(*pflag.Flag, *pflag.FlagSet) string) {
	cmd.InitDefaultHelpFlag()
	p.section("OPTIONS")
	fs := cmd.LocalFlags()
	titles := map[string]bool{}
	if title != nil {
		fs.VisitAll(func(f *pflag.Flag) { titles[title(f, fs)] = true })
	}
	above := ""
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if len(titles) > 1 && title(f, fs) != above {
			above = title(f, fs)
			p.line(".SS %s", quote(above))
		}
		value, usage := pflag.UnquoteUsage(f)
		tag := bold("--" + f.Name)
		if f.Shorthand != "" {
			tag = bold("-"+f.Shorthand) + ", " + tag
		}
		if value != "" {
			tag += " " + italic(value)
		}
		if shown(f) {
			usage += " (default " + f.DefValue + ")"
		}
		p.term(tag, usage)
	})
}

// shown reports whether a default says something: pflag's own rule is not exported.
func shown(f *pflag.Flag) bool {
	switch f.DefValue {
	case "", "false", "0s", "[]":
		return false
	}
	return true
}

func (p *page) commands(cmd *cobra.Command) {
	if !cmd.HasAvailableSubCommands() {
		return
	}
	p.section("COMMANDS")
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			p.line(".TP\n.BR %s (1)", escape(Name(c)))
			p.text(c.Short)
		}
	}
}

// seeAlso names the pages beside this one, and of the commands that portguard is used with.
func (p *page) seeAlso(cmd *cobra.Command) {
	p.section("SEE ALSO")
	around := cmd
	if cmd.HasParent() {
		around = cmd.Parent()
		p.line(".BR %s (1),", escape(Name(around)))
	}
	for _, c := range around.Commands() {
		if c != cmd && c.IsAvailableCommand() {
			p.line(".BR %s (1),", escape(Name(c)))
		}
	}
	p.line(".BR ss (8),\n.BR systemd.service (5),\n.BR ip (7)")
}

func bold(text string) string   { return `\fB` + escape(text) + `\fR` }
func italic(text string) string { return `\fI` + escape(text) + `\fR` }

// quote makes one argument of a macro.
func quote(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }

// escape makes text of what roff would read as more: backslashes, hyphens that must stay such, quotes that would become
// typographical, and what is not ASCII. NUL is the dash between a name and what it is.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\x00", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	var b strings.Builder
	for _, r := range text {
		if r > 0x7e {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
