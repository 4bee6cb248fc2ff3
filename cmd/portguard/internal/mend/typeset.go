package mend

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

// Typeset is the line as a keyboard has it, and what is wrong with the first word that is otherwise; nil for a line that nothing is wrong with.
func Typeset(words []string) (plain []string, strange string) {
	for _, word := range words {
		if at := strings.IndexFunc(word, isTypeset); at >= 0 && strange == "" {
			r := []rune(word[at:])[0]
			strange = fmt.Sprintf("%q has %q (U+%04X), which is not what it looks like", word, r, r)
		}
		for _, w := range strings.FieldsFunc(word, isWideSpace) {
			if w = dashed(strings.Map(keyed, w), w); w != "" {
				plain = append(plain, w)
			}
		}
	}
	if strange == "" {
		return nil, ""
	}
	return plain, strange
}

func isTypeset(r rune) bool { return keyed(r) != r || isWideSpace(r) }

func isWideSpace(r rune) bool { return r > unicode.MaxASCII && unicode.IsSpace(r) }

// keyed is the character of a keyboard that another one looks like; -1 for one that looks like nothing.
func keyed(r rune) rune {
	switch {
	case strings.ContainsRune(nothings+quotes, r):
		return -1
	case strings.ContainsRune(dashes, r):
		return '-'
	case r == '、':
		return ','
	case r > 0xff00 && r < 0xff5f: // as wide as a Chinese character
		return r - 0xfee0
	}
	return r
}

// dashed gives a flag of more than one letter the two dashes of which text editors make one.
func dashed(plain, typed string) string {
	name := strings.TrimLeft(plain, "-")
	switch first, _ := utf8.DecodeRuneInString(typed); {
	case !strings.ContainsRune(dashes, first):
		return plain
	case name == "":
		return "--"
	case len(name) == 1 || strings.Trim(name[1:], "0123456789") == "":
		return "-" + name
	}
	return "--" + name
}
