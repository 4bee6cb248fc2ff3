package ports

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
	"portguard/netdiag"
	"portguard/netdiag/portrange"
)

// parsePortSet reads the PORTS of a command: what -p takes, without addresses and protocols.
func parsePortSet(command string, args []string) (portrange.Set, error) {
	right := "portguard " + command + " 30010,30000-30100"
	text := strings.Join(args, ",")
	if text == "" {
		return nil, cli.Misuse(command+" needs to know which ports", right, mend.Named("30010,30000-30100"))
	}
	if word, meant := strayWord(args); meant != nil {
		return nil, cli.Misuse(fmt.Sprintf("%q is no port", word), right, meant)
	}
	endpoints, err := flags.ParseEndpoints(text, netdiag.Options{})
	if strings.ContainsAny(text, "/:") {
		meant := mend.Part("", "", "")
		if err == nil {
			right, meant = "portguard "+command+" "+flags.PortsOf(endpoints).String(), mend.Instead(flags.PortsOf(endpoints).String())
		} else if syntax, ok := err.(*netdiag.SyntaxError); ok {
			meant = mend.Part("", syntax.Text, syntax.Right)
		}
		return nil, cli.Misuse(fmt.Sprintf("%q: a reservation is for both protocols and every address, so PORTS are numbers", text), right, meant)
	}
	if err != nil {
		if syntax, ok := err.(*netdiag.SyntaxError); ok {
			meant := syntax.Right
			if (len(args) > 1 || strings.Contains(text, ",")) && !strings.ContainsAny(syntax.Text, "0123456789") {
				meant = "" // a word too many
			}
			return nil, cli.Misuse(fmt.Sprintf("port %q: %s", syntax.Text, syntax.Problem), "portguard "+command+" "+syntax.Right, mend.Part("", syntax.Text, meant))
		}
		return nil, err
	}
	return flags.PortsOf(endpoints), nil
}

// parseRangeArgument reads LOW-HIGH, or the two numbers as sysctl(8) shows them.
func parseRangeArgument(args []string) (portrange.Range, error) {
	text := strings.Join(args, "-")
	s, err := parsePortSet("range", []string{text})
	if err != nil || len(s) != 1 || !strings.Contains(text, "-") || strings.Contains(text, ",") {
		return portrange.Range{}, notRange(text)
	}
	return s[0], nil
}

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
