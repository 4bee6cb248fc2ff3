package cli

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

const usualWidth = 80

// TerminalWidth is stderr's, which the live line is on.
func TerminalWidth() int {
	if width := terminalWidth(2); width > 0 {
		return width
	}
	return usualWidth
}

// terminalWidth is 0 of what is no terminal, and where the terminal does not know.
func terminalWidth(fd int) int {
	if !isTerminal(fd) {
		return 0
	}
	width, _, _ := term.GetSize(fd) // 0 when it fails
	return width
}

// Width is how many columns a line may have on stdout or stderr: as many as the terminal has, or COLUMNS says, or 80. It is 0, which
// is no limit, in a file or a pipe, unless COLUMNS says otherwise: who reads logs or greps wants each fact on a line.
func Width(w io.Writer) int {
	if width := terminalWidth(descriptor(w)); width > 0 {
		return width
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if IsTerminal(w) {
		return usualWidth
	}
	return 0
}

// Columns is Width for what cannot do without: 80 where there is no limit.
func Columns(w io.Writer) int {
	if width := Width(w); width > 0 {
		return width
	}
	return usualWidth
}
