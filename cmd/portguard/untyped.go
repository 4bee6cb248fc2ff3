package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/mend"
)

// withoutUntyped is a line, without the program's name, that does no harm to a port which nobody has typed: the ports of an example belong to
// somebody on the host of whoever copies it.
func withoutUntyped(words, typed []string) []string {
	cmd, _ := rehearse(words) // an example may be wrong in what COMMAND stands for
	line := mend.Read(cmd, words)
	of := "port"
	switch {
	case line.Gives("dry-run"):
		return words
	case cmd.Name() == "release":
		of = ""
	case !slices.ContainsFunc([]string{"close", "restart-unit", "kill"}, line.Gives):
		return words
	}
	for _, value := range line.Values(of) {
		last := ""
		for part := range strings.SplitSeq(value, ",") {
			before, port, after := portOf(part)
			if wasTyped(port, typed) {
				continue
			}
			instead := before + "PORT" + after
			if instead == last {
				instead = "" // once is enough
			} else {
				last = instead
			}
			mend.Part(of, part, instead)(line)
		}
	}
	return line.Words()
}

// portOf is what of an endpoint is its port, or its ports: "80" of "[::1]:80/udp".
func portOf(endpoint string) (before, port, after string) {
	at := strings.LastIndexAny(endpoint, ":]") + 1
	port = endpoint[at:]
	if protocol := strings.IndexByte(port, '/'); protocol >= 0 {
		port, after = port[:protocol], port[protocol:]
	}
	return endpoint[:at], port, after
}

// wasTyped reports whether a port, or all of a range, stands somewhere in a line, by its number or by its name.
func wasTyped(port string, typed []string) bool {
	if plain, _ := mend.Typeset(typed); plain != nil {
		typed = plain
	}
	text := strings.Join(typed, " ")
	wanted := numbers(port)
	if len(wanted) == 0 {
		return strings.Contains(text, port)
	}
	all := numbers(text)
	return !slices.ContainsFunc(wanted, func(n int) bool { return !slices.Contains(all, n) })
}

// numbers are those in a text, with what looks like a digit for one and without. Of a typed line that is all of it, durations and pids
// included: where in it a port was meant cannot be told of a line that is wrong.
func numbers(text string) (all []int) {
	lookalikes := strings.NewReplacer("O", "0", "o", "0", "l", "1", "I", "1")
	for _, pattern := range []string{`[0-9]+`, `[0-9oOlI]+`} {
		for _, digits := range regexp.MustCompile(pattern).FindAllString(text, -1) {
			if !strings.ContainsAny(digits, "0123456789") {
				continue
			}
			if n, err := strconv.Atoi(lookalikes.Replace(digits)); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}
