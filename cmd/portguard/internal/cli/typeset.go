package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What text has that went through a chat, a web page or an input method, and no shell knows.
const (
	dashes   = "‐‑‒–—―−－"
	quotes   = "“”„‟«»‘’‚‹›＂＇"
	nothings = "\u200b\u200c\u200d\u2060\ufeff\r"
)

// Typeset is the line as it was before it was made to look nice; strange says what is wrong with the first word that has changed. It is
// nil for a line that nothing is wrong with.
func Typeset(args []string) (plain []string, strange string) {
	for _, word := range args {
		if said := strangeness(word); said != "" && strange == "" {
			strange = said
		}
	}
	if strange == "" {
		return nil, ""
	}
	for _, word := range unquoted(args) {
		for _, w := range strings.FieldsFunc(word, isWideSpace) {
			if w = keyed(w); w != "" {
				plain = append(plain, w)
			}
		}
	}
	for i := 1; i+1 < len(plain); i++ { // of a range
		if plain[i] == "--" && isNumber(plain[i-1]) && isNumber(plain[i+1]) {
			plain[i] = "-"
		}
	}
	return plain, strange
}

func strangeness(word string) string {
	at := strings.IndexFunc(word, func(r rune) bool {
		return strings.ContainsRune(dashes+quotes+nothings, r) || isWideSpace(r) || ascii(r) != r
	})
	if at < 0 {
		return ""
	}
	r := []rune(word[at:])[0]
	switch {
	case r == '\r':
		return fmt.Sprintf("%q ends in a carriage return, as lines of Windows do", word)
	case strings.ContainsRune(dashes, r):
		return fmt.Sprintf("%q has a typographic dash (U+%04X), which is not -", word, r)
	case strings.ContainsRune(quotes, r):
		return fmt.Sprintf("%q has a typographic quote (U+%04X), which quotes nothing", word, r)
	case strings.ContainsRune(nothings, r):
		return fmt.Sprintf("%q has a character that does not show (U+%04X)", word, r)
	case isWideSpace(r):
		return fmt.Sprintf("%q has a space (U+%04X) that separates no words", word, r)
	}
	return fmt.Sprintf("%q has a full-width %c (U+%04X), which is no %c", word, r, r, ascii(r))
}

// isWideSpace: what looks like a space, and is none for a shell.
func isWideSpace(r rune) bool { return r > unicode.MaxASCII && unicode.IsSpace(r) }

// ascii is the character that a full-width one is a wide form of.
func ascii(r rune) rune {
	switch {
	case r == '、':
		return ','
	case r > 0xff00 && r < 0xff5f:
		return r - 0xfee0
	}
	return r
}

// unquoted has as one word what typographic quotes were put around.
func unquoted(args []string) []string {
	var all []string
	n := 0
	for _, word := range args {
		if n%2 == 1 {
			all[len(all)-1] += " " + word
		} else {
			all = append(all, word)
		}
		n += len(strings.FieldsFunc(" "+word+" ", isQuote)) - 1
	}
	if n%2 == 1 { // an apostrophe
		return args
	}
	return all
}

func isQuote(r rune) bool { return strings.ContainsRune(quotes, r) }

func isNumber(word string) bool { return strings.Trim(word, "0123456789") == "" }

// keyed is a word as a keyboard has it.
func keyed(word string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(nothings, r), isQuote(r):
			return -1
		case strings.ContainsRune(dashes, r):
			return '-'
		}
		return ascii(r)
	}, word)
	name := strings.TrimLeft(plain, "-")
	first, _ := utf8.DecodeRuneInString(word)
	switch {
	case !strings.ContainsRune(dashes, first):
		return plain
	case name == "":
		return "--"
	case len(name) == 1 || isNumber(name[1:]):
		return "-" + name
	}
	return "--" + name // of two dashes, one is made
}
