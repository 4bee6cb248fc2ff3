package mend

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Mend puts one mistake of a line right.
type Mend func(*Line)

// As is another line in its place.
func As(words ...string) Mend { return func(l *Line) { l.read(words) } }

// With adds flags behind the others.
func With(words ...string) Mend {
	return func(l *Line) { l.insert(len(l.parts), words) }
}

// Before adds flags before the one that is about them.
func Before(flag string, words ...string) Mend {
	return func(l *Line) {
		if at := slices.IndexFunc(l.parts, is(flag)); at >= 0 {
			l.insert(at, words)
		}
	}
}

// Named adds a word right behind the command's name.
func Named(word string) Mend {
	return func(l *Line) {
		at := 0
		for i, p := range l.parts {
			if p.kind == isName {
				at = i + 1
			}
		}
		l.insert(at, []string{word})
	}
}

// Without takes a flag out, every time that it is given.
func Without(flag string) Mend {
	return func(l *Line) { l.parts = slices.DeleteFunc(l.parts, is(flag)) }
}

// Value gives a flag another value where it has a wrong one.
func Value(flag, wrong, right string) Mend {
	if hasFlags(wrong) {
		return apart(flag)
	}
	return each(flag, func(p *part) {
		if p.value == wrong {
			p.value = right
		}
	})
}

// Bare takes the value off a flag that takes none.
func Bare(flag string) Mend {
	return each(flag, func(p *part) { p.head, p.value = strings.TrimSuffix(p.head, "="), "" })
}

// Fill gives a flag that has no value one, and leaves it out where it has one elsewhere.
func Fill(f *pflag.Flag, value string) Mend {
	return func(l *Line) {
		if slices.ContainsFunc(l.parts, func(p part) bool { return is(f.Name)(p) && !p.lacks() }) {
			l.parts = slices.DeleteFunc(l.parts, func(p part) bool { return is(f.Name)(p) && p.lacks() })
			return
		}
		each(f.Name, func(p *part) { p.value, p.apart = value, true })(l)
	}
}

// Once gives a flag once, however often it is given.
func Once(flag, value string) Mend {
	return func(l *Line) {
		first := slices.IndexFunc(l.parts, is(flag))
		l.parts[first].value = value
		l.parts = append(l.parts[:first+1], slices.DeleteFunc(l.parts[first+1:], is(flag))...)
	}
}

// Part replaces one of the values that commas separate, of a flag or, without one, of the words that are no flags. "" takes it out.
func Part(flag, wrong, right string) Mend {
	if hasFlags(wrong) {
		return apart(flag)
	}
	replaced := func(value string) string {
		parts := strings.Split(value, ",")
		for i, p := range parts {
			if p == wrong {
				parts[i] = right
			}
		}
		if right == "" && len(parts) > 1 {
			parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
		}
		return strings.Join(parts, ",")
	}
	if flag != "" {
		return func(l *Line) {
			each(flag, func(p *part) { p.value = replaced(p.value) })(l)
			l.parts = slices.DeleteFunc(l.parts, func(p part) bool { return right == "" && is(flag)(p) && p.value == "" })
		}
	}
	return func(l *Line) {
		for i, p := range l.parts {
			if p.kind == isWord {
				l.parts[i].head = replaced(p.head)
			}
		}
		l.parts = slices.DeleteFunc(l.parts, func(p part) bool { return p.kind == isWord && p.head == "" })
	}
}

// hasFlags reports whether a value is several words in quotes, with flags among them: "30010 --dry-run". They are not to be lost.
func hasFlags(value string) bool {
	return slices.ContainsFunc(strings.Fields(value), LooksLikeFlag)
}

// apart makes words of the values of a flag that have flags in them or, without one, of the words that are no flags.
func apart(flag string) Mend {
	return func(l *Line) {
		var words []string
		for _, p := range l.parts {
			switch {
			case flag == "" && p.kind == isWord && hasFlags(p.head):
				words = append(words, strings.Fields(p.head)...)
			case is(flag)(p) && hasFlags(p.value):
				words = append(append(words, strings.TrimSuffix(p.head, "=")), strings.Fields(p.value)...)
			case p.apart:
				words = append(words, p.head, p.value)
			default:
				words = append(words, p.head+p.value)
			}
		}
		l.read(slices.Concat(words, l.rest))
	}
}

// Instead replaces all words that are no flags.
func Instead(words ...string) Mend {
	return func(l *Line) {
		word := func(p part) bool { return p.kind == isWord }
		if slices.ContainsFunc(l.parts, func(p part) bool { return word(p) && hasFlags(p.head) }) {
			apart("")(l)
			return
		}
		if first := slices.IndexFunc(l.parts, word); first >= 0 {
			l.parts = slices.DeleteFunc(l.parts, word)
			l.insert(first, words)
		}
	}
}

// Flagged puts a flag before each word that is its value.
func Flagged(flag string, isValue func(word string) bool) Mend {
	return func(l *Line) {
		for i, p := range l.parts {
			if p.kind == isWord && isValue(p.head) {
				l.parts[i] = part{isFlag, nil, flag, p.head, true}
			}
		}
	}
}

// Starting adds a COMMAND.
func Starting(command ...string) Mend {
	return func(l *Line) {
		if !slices.Contains(l.rest, "--") {
			l.rest = append(slices.Clone(l.rest), "--")
		}
		l.rest = slices.Concat(l.rest, command)
	}
}

// Alone takes a COMMAND away.
func Alone(l *Line) { l.rest = nil }

// is recognises a flag's parts.
func is(flag string) func(part) bool {
	return func(p part) bool { return p.flag != nil && p.flag.Name == flag }
}

// each changes a flag wherever it is given.
func each(flag string, change func(*part)) Mend {
	return func(l *Line) {
		for i, p := range l.parts {
			if is(flag)(p) {
				change(&l.parts[i])
			}
		}
	}
}

// insert adds words that no other mend is about.
func (l *Line) insert(at int, words []string) {
	for i, w := range words {
		l.parts = slices.Insert(l.parts, at+i, part{kind: isFlag, head: w})
	}
}
