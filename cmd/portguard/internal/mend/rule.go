package mend

import (
	"regexp"
	"slices"
	"strings"
)

// Rule is a mistake that people make: what they type, as a regular expression, and what they mean. The line ends before a COMMAND's "--",
// and ¦ stands where it goes wrong: before a flag that there is not, or a word where only flags are.
type Rule struct {
	Typed, Meant string
	Problem      string // what is wrong; with $1 and the like, as in Meant
}

// ByRule is the line that the first rule which fits makes of one that goes wrong at a word, and what is wrong; nil where none does.
func ByRule(rules []Rule, words []string, at int) (line []string, problem string) {
	command := []string(nil)
	if i := slices.Index(words[at:], "--"); i > 0 {
		words, command = words[:at+i], words[at+i:]
	}
	text := strings.Join(escaped(words), " ")
	before := len(strings.Join(append(escaped(words[:at]), ""), " "))
	text = text[:before] + "¦" + text[before:]
	for _, r := range rules {
		typed := regexp.MustCompile(r.Typed)
		found := typed.FindStringSubmatchIndex(text)
		if found == nil {
			continue
		}
		meant := strings.FieldsFunc(strings.Replace(typed.ReplaceAllString(text, r.Meant), "¦", "", 1), func(r rune) bool { return r == ' ' })
		for i := range meant {
			meant[i] = strings.ReplaceAll(meant[i], inWord, " ")
		}
		return slices.Concat(meant, command), strings.ReplaceAll(string(typed.ExpandString(nil, r.Problem, text, found)), inWord, " ")
	}
	return nil, ""
}

// inWord is a space that parts no words.
const inWord = "\u00a0"

func escaped(words []string) []string {
	all := slices.Clone(words)
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], " ", inWord)
	}
	return all
}
