package ports

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag/portrange"
)

// strayWord is a word among PORTS that is none, and the line that was meant with it: "30010 to 30020", "add 30010", "list".
func strayWord(args []string) (word string, meant mend.Mend) {
	first, rest := args[0], args[1:]
	switch {
	case len(rest) == 0 && slices.Contains([]string{"list", "show", "ls", "status", "all"}, first):
		return first, mend.As("reserve")
	case len(rest) == 2 && slices.Contains([]string{"-", "to", "..", "~", "until"}, rest[0]) && flags.IsPort(first) && flags.IsPort(rest[1]):
		return rest[0], mend.Instead(first + "-" + rest[1])
	case len(rest) > 0 && slices.Contains([]string{"add", "del", "delete", "rm", "remove", "set", "port", "ports"}, first):
		return first, mend.Instead(rest...)
	}
	return "", nil
}

// meantRange is the range that was meant by a text with two numbers, however they are joined.
func meantRange(text string) []mend.Mend {
	var ends []uint16
	for _, digits := range regexp.MustCompile(`[0-9]+`).FindAllString(text, -1) {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || n == 0 {
			return nil
		}
		ends = append(ends, uint16(n))
	}
	if len(ends) != 2 {
		return nil
	}
	slices.Sort(ends)
	return []mend.Mend{mend.Instead(portrange.Range{Low: ends[0], High: ends[1]}.String())}
}

// notRange is the error of a text that is no range.
func notRange(text string) error {
	const right = "portguard range 32768-60999"
	var low, high uint16
	if n, _ := fmt.Sscanf(text, "%d-%d", &low, &high); n == 2 && low > high && meantRange(text) != nil {
		return cli.Misuse(fmt.Sprintf("the ends of %q are the wrong way round", text), right, meantRange(text)...)
	}
	return cli.Misuse(fmt.Sprintf("%q is not a range: LOW-HIGH, two ports of 1 to 65535", text), right, meantRange(text)...)
}
