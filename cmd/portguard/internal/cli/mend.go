package cli

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Mend puts one mistake of a line right.
type Mend func(*Line)

// As is another line in its place.
func As(words ...string) Mend {
	return func(l *Line) { l.Words = slices.Clone(words) }
}

// With adds flags behind the others.
func With(words ...string) Mend {
	return func(l *Line) {
		_, end := l.flags()
		l.put(end, 0, words...)
	}
}

// Before adds flags before the one that is about them.
func Before(flag string, words ...string) Mend {
	return func(l *Line) {
		for _, s := range l.spots(flag) {
			l.put(s.at, 0, words...)
			return
		}
	}
}

// Without takes a flag out, every time that it is given.
func Without(flag string) Mend {
	return func(l *Line) {
		for _, s := range slices.Backward(l.spots(flag)) {
			if short := strings.TrimPrefix(l.Words[s.at], "-"); s.flag.NoOptDefVal != "" && short[0] != '-' && len(short) > 1 { // of "-qv"
				l.Words[s.at] = "-" + strings.Replace(short, s.flag.Shorthand, "", 1)
				continue
			}
			l.put(s.at, s.words)
		}
	}
}

// Value gives a flag another value where it has a wrong one.
func Value(flag, wrong, right string) Mend {
	return func(l *Line) {
		for _, s := range l.spots(flag) {
			if s.value == wrong {
				l.set(s, right)
			}
		}
	}
}

// Bare takes the value off a flag that takes none.
func Bare(flag string) Mend {
	return func(l *Line) {
		for _, s := range l.spots(flag) {
			l.Words[s.at] = strings.TrimSuffix(s.head, "=")
		}
	}
}

// Apart makes words of a value in which there are flags as well: of a line in quotes.
func Apart(flag string) Mend {
	return func(l *Line) {
		for _, s := range slices.Backward(l.spots(flag)) {
			if strings.Contains(s.value, " -") {
				l.put(s.at, s.words, append([]string{strings.TrimSuffix(s.head, "=")}, strings.Fields(s.value)...)...)
			}
		}
	}
}

// Fill gives a flag that has no value one, and leaves it out where it has one elsewhere.
func Fill(f *pflag.Flag, value string) Mend {
	return func(l *Line) {
		all := l.spots(f.Name)
		for _, s := range slices.Backward(all) {
			if s.words == 2 && !isFlag(s.value) {
				continue
			}
			l.put(s.at, 1) // the next word, which was taken for its value, is a flag of its own
			if len(all) == 1 {
				l.put(s.at, 0, s.head, value)
			}
			return
		}
	}
}

// Once gives a flag once, however often it is given.
func Once(flag, value string) Mend {
	return func(l *Line) {
		for i, s := range slices.Backward(l.spots(flag)) {
			if i == 0 {
				l.set(s, value)
				return
			}
			l.put(s.at, s.words)
		}
	}
}

// Flagged puts a flag before each word that is its value.
func Flagged(flag string, is func(word string) bool) Mend {
	return func(l *Line) {
		for _, at := range slices.Backward(l.others()) {
			if is(l.Words[at]) {
				l.put(at, 0, flag)
			}
		}
	}
}

// Alone takes a COMMAND away.
func Alone(l *Line) {
	if at := slices.Index(l.Words, "--"); at >= 0 {
		l.Words = l.Words[:at]
	}
}

// Named adds a word right behind the command's name.
func Named(word string) Mend {
	return func(l *Line) {
		at := 0
		for _, name := range strings.Fields(l.Command.CommandPath())[1:] {
			at += slices.Index(l.Words[at:], name) + 1
		}
		l.put(at, 0, word)
	}
}

// Part replaces one of the values that commas separate, of a flag or, without one, of the words that are no flags. "" takes it out.
func Part(flag, wrong, right string) Mend {
	return func(l *Line) {
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
		for _, s := range l.spots(flag) {
			l.set(s, replaced(s.value))
		}
		if flag == "" {
			for _, at := range slices.Backward(l.others()) {
				if l.Words[at] = replaced(l.Words[at]); l.Words[at] == "" {
					l.put(at, 1)
				}
			}
		}
	}
}

// Instead replaces all words that are no flags.
func Instead(words ...string) Mend {
	return func(l *Line) {
		others := l.others()
		if len(others) == 0 {
			return
		}
		for _, at := range slices.Backward(others[1:]) {
			l.put(at, 1)
		}
		l.put(others[0], 1, words...)
	}
}

// Starting adds a COMMAND.
func Starting(command ...string) Mend {
	return func(l *Line) {
		if !slices.Contains(l.Words, "--") {
			l.Words = append(l.Words, "--")
		}
		l.Words = append(l.Words, command...)
	}
}

// spots are those of one flag.
func (l *Line) spots(flag string) []spot {
	all, _ := l.flags()
	return slices.DeleteFunc(all, func(s spot) bool { return s.flag.Name != flag })
}

// others are the places of words, before "--", that are neither the command's name nor flags.
func (l *Line) others() []int {
	all, end := l.flags()
	var places []int
	names := strings.Fields(l.Command.CommandPath())[1:]
	for i := 0; i < end; i++ {
		at := slices.IndexFunc(all, func(s spot) bool { return i >= s.at && i < s.at+s.words })
		switch {
		case len(names) > 0 && l.Words[i] == names[0]:
			names = names[1:]
		case at < 0 && !isFlag(l.Words[i]):
			places = append(places, i)
		}
	}
	return places
}
