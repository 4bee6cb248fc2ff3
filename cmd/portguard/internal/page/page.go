// Package page answers: what does a person read on a terminal, and a program in a pipe or a file? How wide a line is and where it breaks,
// what has a colour, and what of foreign names is safe to print.
package page

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Page is what a report is written on. Its lines have at most Width columns, and break between words; with 0 they do not break.
type Page struct {
	io.Writer
	Width int
}

// Line writes a text behind so many spaces.
func (p Page) Line(indent int, text string) { p.Hang("", indent, 0, text) }

// Hang writes a text behind what stands in the margin, which is at most at columns wide, and goes on below its own beginning, or
// further in.
func (p Page) Hang(margin string, at, further int, text string) {
	margin = pad(margin, at)
	first, rest := p.Room(WidthOf(margin)), p.Room(at+further)
	for i, line := range wrap(text, first, rest) {
		if i > 0 {
			margin = strings.Repeat(" ", at+further)
		}
		fmt.Fprintln(p, strings.TrimRight(margin+line, " "))
	}
}

// Room is how many columns there are behind so many, 0 where there is no limit.
func (p Page) Room(at int) int {
	if p.Width == 0 {
		return 0
	}
	return max(p.Width-at, 1)
}

// Command writes a command for a shell at a column. One that does not fit goes on after a backslash: pasted, it is the same.
func (p Page) Command(margin string, at int, command string) {
	margin = pad(margin, at)
	for i, line := range breakCommand(command, p.Room(WidthOf(margin)), 4) {
		if i > 0 {
			margin = strings.Repeat(" ", at)
		}
		fmt.Fprintln(p, margin+line)
	}
}

// breakCommand breaks between words of the shell, never inside one, and puts what follows so many columns further in.
func breakCommand(command string, room, further int) []string {
	if room == 0 || WidthOf(command) <= room {
		return []string{command}
	}
	const goesOn = ` \`
	var lines []string
	line := ""
	for _, word := range together(shellWords(command)) {
		switch {
		case line == "":
			line = word
		case WidthOf(line)+1+WidthOf(word)+len(goesOn) <= room:
			line += " " + word
		default:
			lines = append(lines, line+goesOn)
			line = strings.Repeat(" ", further) + word
		}
	}
	return append(lines, line)
}

// together keeps what follows a flag beside it: most often it is its value.
func together(words []string) []string {
	var all []string
	for i := 0; i < len(words); i++ {
		word := words[i]
		if next := i + 1; strings.HasPrefix(word, "-") && next < len(words) && !strings.HasPrefix(words[next], "-") {
			word += " " + words[next]
			i = next
		}
		all = append(all, word)
	}
	return all
}

// shellWords are the words of a line as ShellQuote writes them, with their quotes.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quoted, escaped := false, false
	for _, r := range line {
		switch {
		case escaped:
			escaped = false
		case r == '\'':
			quoted = !quoted
		case r == '\\' && !quoted:
			escaped = true
		case r == ' ' && !quoted:
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// Break is the lines that a text takes.
func (p Page) Break(text string) []string { return wrap(text, p.Room(0), p.Room(0)) }

// wrap leaves what fits as it is, and everything where there is no limit.
func wrap(s string, first, rest int) []string {
	if first == 0 || WidthOf(s) <= first {
		return []string{s}
	}
	return fill(s, first, rest)
}

// fill has another width for the first line.
func fill(s string, first, rest int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		width := rest
		if len(lines) == 0 {
			width = first
		}
		switch {
		case line == "":
			line = word
		case WidthOf(line)+1+WidthOf(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// WidthOf is how many columns a text takes: its runes, without the colours of Paint.
func WidthOf(s string) int {
	n := 0
	for {
		before, after, coloured := strings.Cut(s, "\x1b[")
		n += utf8.RuneCountInString(before)
		if !coloured {
			return n
		}
		_, s, _ = strings.Cut(after, "m")
	}
}

// Pair is a command, and what it does.
type Pair struct{ Margin, Command, Does string }

// Pairs writes them beside each other or, where what they do would have too little room, below each other.
func (p Page) Pairs(at int, all []Pair) {
	const gap, little, further = 3, 30, 4
	width, longest := 0, 0
	for _, one := range all {
		width, longest = max(width, WidthOf(one.Command)), max(longest, WidthOf(one.Does))
	}
	beside := p.Width == 0 || p.Room(at+width+gap) >= min(little, longest)
	for _, one := range all {
		if beside {
			margin := pad(one.Margin, at) + pad(one.Command, width+gap)
			p.Hang(margin, at+width+gap, 0, one.Does)
			continue
		}
		p.Command(one.Margin, at, one.Command)
		p.Line(at+further, one.Does)
	}
}

// pad adds spaces up to a width.
func pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-WidthOf(s))) }
