// Package mend answers: which right line was meant by a wrong one? What is not wrong in it stays as it was typed.
package mend

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Line is a command line, without the program's name, in its parts.
type Line struct {
	command *cobra.Command
	parts   []part
	rest    []string // from "--" on, or from the first word that the main command takes for none of its own
}

// part is a flag with its value, or a word by itself.
type part struct {
	kind  kind
	flag  *pflag.Flag // of those of the command
	head  string      // a word, or what stands before a flag's value: "--wait", "--wait=", "-p"
	value string
	apart bool // the value is a word of its own
}

type kind int

const (
	isWord kind = iota
	isName      // of the command
	isFlag
)

// Read takes a command's line apart.
func Read(cmd *cobra.Command, words []string) *Line {
	l := &Line{command: cmd}
	l.read(words)
	return l
}

func (l *Line) read(words []string) {
	l.parts, l.rest = nil, nil
	names := strings.Fields(l.command.CommandPath())[1:]
	for len(words) > 0 && words[0] != "--" {
		word := words[0]
		switch {
		case LooksLikeFlag(word):
			l.parts = append(l.parts, l.flags(word)...)
		case len(names) > 0 && word == names[0]:
			l.parts = append(l.parts, part{kind: isName, head: word})
			names = names[1:]
		case !l.command.HasParent():
			l.rest = words
			return
		default:
			l.parts = append(l.parts, part{head: word})
		}
		words = words[1:]
		if last := &l.parts[len(l.parts)-1]; last.lacks() && len(words) > 0 && !LooksLikeFlag(words[0]) {
			last.value, last.apart, words = words[0], true, words[1:]
		}
	}
	l.rest = words
}

// flags are those that a word gives: several, where they have one letter each.
func (l *Line) flags(word string) []part {
	if name, long := strings.CutPrefix(word, "--"); long {
		name, value, given := strings.Cut(name, "=")
		head := "--" + name
		if given {
			head += "="
		}
		return []part{{isFlag, l.command.Flags().Lookup(name), head, value, false}}
	}
	var all []part
	for i := 1; i < len(word); i++ {
		f := Shorthand(l.command, word[i:i+1])
		if f == nil {
			return []part{{kind: isFlag, head: word}}
		}
		one := part{isFlag, f, "-" + f.Shorthand, "", false}
		if f.NoOptDefVal == "" {
			one.value = strings.TrimPrefix(word[i+1:], "=")
			one.head += word[i+1 : len(word)-len(one.value)]
			return append(all, one)
		}
		all = append(all, one)
	}
	return all
}

// lacks reports whether a flag has no value and takes one.
func (p part) lacks() bool {
	return p.flag != nil && p.flag.NoOptDefVal == "" && p.value == "" && !p.apart && !strings.HasSuffix(p.head, "=")
}

// Gives reports whether a flag is given.
func (l *Line) Gives(flag string) bool { return slices.ContainsFunc(l.parts, is(flag)) }

// Values are those of a flag or, without one, the words that are no flags.
func (l *Line) Values(flag string) (all []string) {
	for _, p := range l.parts {
		switch {
		case flag == "" && p.kind == isWord:
			all = append(all, p.head)
		case flag != "" && is(flag)(p):
			all = append(all, p.value)
		}
	}
	return all
}

// Words are what the line is typed as.
func (l *Line) Words() []string {
	var all []string
	for _, p := range l.parts {
		if p.apart {
			all = append(all, p.head, p.value)
		} else {
			all = append(all, p.head+p.value)
		}
	}
	return slices.Concat(all, l.rest)
}

// LooksLikeFlag reports whether a word begins as flags do, and as no number below 0.
func LooksLikeFlag(word string) bool {
	return len(word) > 1 && word[0] == '-' && (word[1] == '-' || word[1] >= 'A' && word[1] <= 'z')
}

// Shorthand is the flag of one letter. pflag panics when it is asked for what is no ASCII.
func Shorthand(cmd *cobra.Command, letter string) *pflag.Flag {
	if len(letter) != 1 || letter[0] >= utf8.RuneSelf {
		return nil
	}
	return cmd.Flags().ShorthandLookup(letter)
}
