package mend

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Word is which of the words of a flag another word means: as other programs say it, by its look, or else the first.
func Word(typed string, others map[string]string, words ...string) string {
	lower := strings.ToLower(typed)
	if word, ok := others[lower]; ok {
		return word
	}
	if word := Closest(lower, words); word != "" {
		return word
	}
	return words[0]
}

// YesOrNo is the word that another one means.
func YesOrNo(typed string) string {
	return Word(typed, map[string]string{"true": "yes", "on": "yes", "1": "yes", "y": "yes", "false": "no", "off": "no", "0": "no", "n": "no", "never": "no"}, "yes", "no")
}

// Duration is what was meant by a text that is none: units have longer names elsewhere, and a number without one has seconds, or minutes
// behind hours. example is for what cannot be told.
func Duration(typed, example string) string {
	meant := strings.ToLower(strings.ReplaceAll(typed, " ", ""))
	meant = regexp.MustCompile(`(ms|[hms])[a-z]*`).ReplaceAllString(meant, "$1")
	if n := len(meant); n > 0 && meant[n-1] >= '0' && meant[n-1] <= '9' {
		if strings.Contains(meant, "h") {
			meant += "m"
		} else {
			meant += "s"
		}
	}
	if days, err := strconv.Atoi(strings.TrimSuffix(meant, "d")); err == nil {
		meant = strconv.Itoa(24*days) + "h"
	}
	if d, err := time.ParseDuration(meant); err != nil || d <= 0 {
		return example
	}
	return meant
}

// Forever is Duration for flags that know "forever".
func Forever(typed, example string) string {
	if word := strings.ToLower(typed); strings.HasPrefix(word, "inf") || word == "-1" || Closest(word, []string{"forever"}) != "" {
		return "forever"
	}
	return Duration(typed, example)
}

// Signal is KILL for "9", "KILL" and "SIGKILL"; "" for what is no signal.
func Signal(word string) string {
	name := strings.TrimPrefix(strings.ToUpper(word), "SIG")
	if n, err := strconv.Atoi(word); err == nil {
		name = strings.TrimPrefix(unix.SignalName(unix.Signal(n)), "SIG")
	}
	if unix.SignalNum("SIG"+name) == 0 {
		return ""
	}
	return name
}
