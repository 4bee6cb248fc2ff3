package reporttest

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hostile are names that would clear a screen, forge a line of the report, hide themselves, or are no text at all.
var Hostile = struct {
	Name string // at most 15 bytes: longer ones are cut by the kernel
	Args []string
}{
	"x\n30010 free\r",
	[]string{"\x1b[2J\x1b[1;31mroot", "\r\x1b[2K", "a\u202egnp.exe", "\u009b31m", "\x7f\b", "bad \xff\xfe utf8", "a\tb", "quo'te", ""},
}

// Unprintable is the first character that could do something to a terminal, or to a log that is read line by line.
func Unprintable(text string) (string, bool) {
	if !utf8.ValidString(text) {
		return text, true
	}
	i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	if i < 0 {
		return "", false
	}
	return text[i:], true
}
