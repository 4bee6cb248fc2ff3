package unitfile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// expansion says what systemd will do with a word, and so which characters have to be doubled to stand for themselves.
type expansion uint8

const (
	specifiers expansion = 1 << iota // %n and its like
	variables                        // $HOME, ${HOME}; not after the prefix ":"
)

// quote writes one word of a command line, whatever is in it. What is not doubled is left for systemd to expand; with both
// doubled it reaches the program exactly as it is.
func quote(s string, double expansion) string {
	var b strings.Builder
	bare := s != ""
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '%' && double&specifiers != 0, r == '$' && double&variables != 0:
			b.WriteRune(r)
			b.WriteRune(r)
		case r == '"' || r == '\\':
			bare = false
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError && size == 1, r < ' ', r == 0x7f:
			bare = false
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			bare = bare && isBare(r)
			b.WriteRune(r)
		}
		i += size
	}
	if bare {
		return b.String()
	}
	return `"` + b.String() + `"`
}

// isBare reports whether a character needs no quotes around it.
func isBare(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:=,@+*?[]{}%$", r)
}
