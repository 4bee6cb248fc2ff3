package cli

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// TerminalWidth is stderr's, which the live line is on.
func TerminalWidth() int {
	const usual = 80
	if width, _, err := term.GetSize(2); err == nil && width > 0 {
		return width
	}
	return usual
}

// Columns is the width of the terminal, of COLUMNS, or 80.
func Columns(w io.Writer) int {
	if descriptor(w) == 1 {
		if width, _, err := term.GetSize(1); err == nil && width > 0 {
			return width
		}
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return 80
}

// Wrap breaks a sentence into lines of at most width runes, at spaces.
func Wrap(s string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
