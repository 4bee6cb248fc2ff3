package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Line is a command line, without the program's name, that is put right: what is not wrong in it stays as it was typed.
type Line struct {
	Words   []string
	Command *cobra.Command
}

// spot is where a line has a flag.
type spot struct {
	flag  *pflag.Flag
	at    int    // its word
	words int    // 2 where its value is a word of its own
	head  string // the word up to the value
	value string
}

// flags finds the flags, and where they end: at "--", or at the first word that the main command takes for none.
func (l *Line) flags() (all []spot, end int) {
	i := 0
	for _, name := range strings.Fields(l.Command.CommandPath())[1:] {
		if at := slices.Index(l.Words[i:], name); at >= 0 {
			i += at + 1
		}
	}
	for ; i < len(l.Words) && l.Words[i] != "--"; i++ {
		switch word := l.Words[i]; {
		case len(word) < 2 || word[0] != '-':
			if !l.Command.HasParent() {
				return all, i
			}
		case strings.HasPrefix(word, "--"):
			name, value, given := strings.Cut(word[2:], "=")
			if f := l.Command.Flags().Lookup(name); f != nil {
				s := spot{f, i, 1, "--" + name, value}
				if given {
					s.head += "="
				} else if f.NoOptDefVal == "" {
					i += s.takeNext(l.Words)
				}
				all = append(all, s)
			}
		default:
			some, more := l.shorthands(i)
			all = append(all, some...)
			i += more
		}
	}
	return all, i
}

// shorthands are the flags of one letter each that a word has, the last of which may take the rest of it or the next word.
func (l *Line) shorthands(at int) (all []spot, more int) {
	word := l.Words[at]
	for i := 1; i < len(word); i++ {
		f := shorthand(l.Command.Flags(), word[i:i+1])
		if f == nil || f.Shorthand != word[i:i+1] {
			return all, 0
		}
		s := spot{f, at, 1, word[:i+1], ""}
		switch rest := word[i+1:]; {
		case f.NoOptDefVal != "":
			all = append(all, s)
			continue
		case rest != "":
			s.value = strings.TrimPrefix(rest, "=")
			s.head += rest[:len(rest)-len(s.value)]
		default:
			more = s.takeNext(l.Words)
		}
		return append(all, s), more
	}
	return all, 0
}

// takeNext has the next word as the value, if there is one.
func (s *spot) takeNext(words []string) int {
	if s.at+1 == len(words) {
		return 0
	}
	s.words, s.value = 2, words[s.at+1]
	return 1
}

// set gives a flag another value, in the form that it has.
func (l *Line) set(s spot, value string) {
	if s.words == 2 {
		l.Words[s.at+1] = value
		return
	}
	l.Words[s.at] = s.head + value
}

// put replaces some words.
func (l *Line) put(at, words int, by ...string) {
	l.Words = slices.Replace(l.Words, at, at+words, by...)
}
