package unitfile

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// word is one word of a command line: as it is written, and as systemd reads it before specifiers and variables.
type word struct {
	raw, text string
}

var errQuote = errors.New("a quote is not closed")

// nextWord takes a word off the front, as extract_first_word() of systemd does with EXTRACT_UNQUOTE and
// EXTRACT_CUNESCAPE: quotes may begin and end within a word, and an escape that is none stands for itself. False: there is
// none. rest begins at the blank after the word.
func nextWord(s string) (w word, rest string, ok bool, err error) {
	s = strings.TrimLeft(s, whitespace)
	if s == "" {
		return word{}, "", false, nil
	}
	var text strings.Builder
	quote := byte(0)
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			n, value := unescape(s[i:])
			text.WriteString(value)
			i += n - 1
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			text.WriteByte(c)
		case c == '"' || c == '\'':
			quote = c
		case strings.IndexByte(whitespace, c) >= 0:
			return word{s[:i], text.String()}, s[i:], true, nil
		default:
			text.WriteByte(c)
		}
	}
	if quote != 0 {
		return word{}, "", false, errQuote
	}
	return word{s, text.String()}, "", true, nil
}

// unescape reads the escape at the front of s (cunescape_one() of systemd) and says how long it is. What is no escape
// stands for itself.
func unescape(s string) (length int, value string) {
	if len(s) == 1 {
		return 1, s
	}
	const letters, values = `abfnrtvs\"'`, "\a\b\f\n\r\t\v \\\"'"
	if i := strings.IndexByte(letters, s[1]); i >= 0 {
		return 2, values[i : i+1]
	}
	switch s[1] {
	case 'x':
		return number(s, 2, 2, 16)
	case 'u':
		return number(s, 2, 4, 16)
	case 'U':
		return number(s, 2, 8, 16)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return number(s, 1, 3, 8)
	}
	return 2, s[:2]
}

// number reads an escape by number: a byte, or with more than two hexadecimal digits a character.
func number(s string, from, digits, base int) (length int, value string) {
	end := from + digits
	if len(s) < end {
		return 2, s[:2]
	}
	n, err := strconv.ParseUint(s[from:end], base, 32)
	switch {
	case err != nil || n == 0 || strings.ContainsAny(s[from:end], "+-_"):
		return 2, s[:2]
	case digits > 3:
		if r := rune(n); n <= utf8.MaxRune && utf8.ValidRune(r) {
			return end, string(r)
		}
		return 2, s[:2]
	case n > 255:
		return 2, s[:2]
	}
	return end, string([]byte{byte(n)})
}
