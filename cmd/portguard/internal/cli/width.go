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
	if width := terminalWidth(2); width > 0 {
		return width
	}
	return usual
}

// terminalWidth is 0 of what is no terminal, and where the terminal does not know.
func terminalWidth(fd int) int {
	if !isTerminal(fd) {
		return 0
	}
	width, _, _ := term.GetSize(fd) // 0 when it fails
	return width
}

// Columns is the width of the terminal, of COLUMNS, or 80.
func Columns(w io.Writer) int {
	if descriptor(w) == 1 {
		if width := terminalWidth(1); width > 0 {
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
