package page

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe makes a name that comes from outside (a command line, a unit, a path) fit to print: whatever could move a cursor,
// break a line or hide text is shown as a Go escape.
func Safe(s string) string {
	if strings.IndexFunc(s, unsafeRune) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if unsafeRune(r) {
			quoted := strconv.QuoteToASCII(s[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// SafeLines is Safe for a text that has lines of its own.
func SafeLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = Safe(lines[i])
	}
	return strings.Join(lines, "\n")
}

func unsafeRune(r rune) bool {
	return r == utf8.RuneError || !unicode.IsPrint(r)
}

// CommandLine shows arguments as one line that a shell would read back, cut to width runes (0: whole).
func CommandLine(args []string, width int) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = ShellQuote(Safe(a))
	}
	return Cut(strings.Join(quoted, " "), width)
}

// Cut shortens a line to width runes; below 2 it stays whole.
func Cut(line string, width int) string {
	if runes := []rune(line); width > 1 && len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}

// ShellQuote writes an argument as a shell reads it back.
func ShellQuote(s string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:=,@%+…", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Count is a number of ports in words.
func Count(ports int) string {
	if ports == 1 {
		return "1 port"
	}
	return fmt.Sprintf("%d ports", ports)
}

// Nothing stands where a list is empty.
func Nothing(s fmt.Stringer) string {
	if text := s.String(); text != "" {
		return text
	}
	return "nothing"
}
