package cli

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Meant is which of the words of a flag another word means: by its look, or as other programs say it.
func Meant(typed string, others map[string]string, words ...string) string {
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
	return Meant(typed, map[string]string{"true": "yes", "on": "yes", "1": "yes", "y": "yes", "false": "no", "off": "no", "0": "no", "n": "no", "never": "no"}, "yes", "no")
}

// Duration is what was meant by a text that is none: a number is seconds, or what is below the unit before it. Where it is not clear, it is
// the example of a flag.
func Duration(flag, typed string) string {
	pieces := regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)([a-z]*)`)
	text := strings.NewReplacer(" ", "", ",", "", "_", "").Replace(strings.ToLower(typed))
	if strings.Trim(pieces.ReplaceAllString(text, ""), "") != "" || text == "" {
		return strings.TrimSpace(ExampleOf(flag))
	}
	units := map[string]string{
		"ms": "ms", "msec": "ms", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
		"m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "h": "h", "hr": "h", "hour": "h", "hours": "h",
		"d": "d", "day": "d", "days": "d",
	}
	below := map[string]string{"": "s", "h": "m", "m": "s", "s": "ms"}
	meant, last := "", ""
	for _, p := range pieces.FindAllStringSubmatch(text, -1) {
		unit, ok := units[p[2]]
		if p[2] == "" {
			unit, ok = below[last]
		}
		if unit == "d" {
			days, err := strconv.Atoi(p[1])
			p[1], unit, ok = strconv.Itoa(24*days), "h", err == nil
		}
		if !ok {
			return strings.TrimSpace(ExampleOf(flag))
		}
		meant, last = meant+p[1]+unit, unit
	}
	if d, err := time.ParseDuration(meant); err != nil || d <= 0 {
		return strings.TrimSpace(ExampleOf(flag))
	}
	return meant
}

// Forever is Duration for flags that know "forever".
func Forever(flag, typed string) string {
	switch strings.ToLower(typed) {
	case "-1", "inf", "infinite", "infinity", "ever", "unlimited":
		return "forever"
	}
	if Closest(typed, []string{"forever"}) != "" {
		return "forever"
	}
	return Duration(flag, typed)
}
