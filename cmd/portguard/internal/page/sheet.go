package page

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	sheetWidth  = 80 // longer lines are no easier to read
	sheetNarrow = 24 // columns that what is said takes at least: else it stands below
)

// Lay writes a text as --help is written: paragraphs are filled; indented lines are terms and, behind two spaces or more, what they mean.
func Lay(w io.Writer, text string) {
	s := NewSheet(w)
	s.Text(text)
	_, _ = io.WriteString(w, s.String())
}

// Sheet is text as wide as a terminal.
type Sheet struct {
	strings.Builder
	width int
}

// NewSheet is one for stdout or stderr.
func NewSheet(w io.Writer) *Sheet { return &Sheet{width: min(Columns(w), sheetWidth)} }

// Usage writes how a command is called.
func (s *Sheet) Usage(line string) {
	Page{s, s.width}.Hang("Usage: ", len("Usage: "), 0, line)
	fmt.Fprintln(s)
}

// Text writes paragraphs and, indented, terms with what they mean.
func (s *Sheet) Text(text string) {
	var paragraph, term, meaning string
	column := 0
	end := func() {
		switch {
		case paragraph != "":
			fmt.Fprintln(s, strings.Join(fill(paragraph, s.width, s.width), "\n"))
		case term != "":
			s.Row(term, meaning, column)
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

// Row is a term and what it means: beside it from a column on, or below it where the term or the terminal leaves no room.
func (s *Sheet) Row(term, meaning string, column int) {
	if meaning == "" {
		fmt.Fprintln(s, term)
		return
	}
	if s.width-column < sheetNarrow {
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
