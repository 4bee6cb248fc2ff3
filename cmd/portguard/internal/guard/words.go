package guard

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
)

// otherWords is the line that was meant by words that other programs begin with: "who 8080", "run -p 8080 -- java"; "" where the first is
// none. What only looks comes before what acts: "stop 8080" says who has it.
func (o *options) otherWords(fs *pflag.FlagSet, words []string) string {
	first, rest := words[0], words[1:]
	if fs.Lookup(first) != nil && allPorts(rest) {
		return "" // a flag without its dashes
	}
	ports := slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return !flags.IsPort(w) })
	switch first {
	case "run", "exec", "start", "launch", "wrap":
		return o.without(fs, rest)
	case "kill":
		return killLine(rest)
	case "install", "uninstall", "remove", "show", "guard", "protect", "unguard":
		return unitLine(first, rest)
	case "check", "who", "whois", "whose", "which", "what", "free", "find", "info", "port", "lookup", "inspect", "query", "scan", "test", "get", "is",
		"stop", "end", "terminate", "killport", "kill-port", "freeport", "clear", "unlock", "fuser", "lsof", "ss", "netstat", "list", "ls", "status", "ports", "ps":
		switch {
		case len(ports) > 0:
			return o.withPorts(fs, ports, nil)
		case !slices.ContainsFunc(rest, func(w string) bool { return w[:min(1, len(w))] != "-" }):
			return "portguard audit"
		}
	}
	if strings.HasSuffix(first, ".service") && len(rest) == 0 {
		return cli.CommandLine([]string{"portguard", "unit", "show", first}, 0)
	}
	return ""
}

// without is a line whose first word was one too many.
func (o *options) without(fs *pflag.FlagSet, rest []string) string {
	switch {
	case len(rest) == 0:
		return "portguard -p 30010 -- COMMAND"
	case parses(rest):
		return cli.Amended(rest, 0, 0)
	case rest[0] != "" && rest[0][0] != '-':
		return cli.Hint(o.stray(fs, rest, nil))
	}
	return ""
}

// killLine is that of kill(1) with ports, which have to be named: "kill -9 8080".
func killLine(rest []string) string {
	line := []string{"portguard", "--kill"}
	for _, w := range rest {
		signal := cli.SignalName(strings.TrimPrefix(w, "-"))
		switch {
		case w == "-s":
		case signal != "" && (w[0] == '-' || cli.SignalName(w) != "" && !flags.IsPort(w)):
			line = append(line, "--signal", signal)
		case flags.IsPort(w):
			line = append(line, "-p", w)
		default:
			return ""
		}
	}
	if !slices.Contains(line, "-p") {
		return ""
	}
	return cli.CommandLine(line, 0)
}

// unitLine is that of "unit" for its verbs, and for what others call them.
func unitLine(verb string, rest []string) string {
	verb = map[string]string{
		"install": "install", "guard": "install", "protect": "install", "remove": "remove", "uninstall": "remove", "unguard": "remove", "show": "show",
	}[verb]
	switch {
	case len(rest) == 0 && verb == "show":
		return "portguard unit show"
	case len(rest) == 0:
		return "portguard unit " + verb + " order.service"
	case strings.ContainsAny(rest[0][:min(1, len(rest[0]))], "-/.") || len(rest) > 1 && !strings.HasPrefix(rest[1], "-"):
		return "" // install(1)
	}
	return cli.CommandLine(slices.Concat([]string{"portguard", "unit", verb}, rest), 0)
}

// parses reports whether the words would be a right line.
func parses(words []string) bool {
	var o options
	fs := pflag.NewFlagSet("portguard", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.SetInterspersed(false)
	o.addFlags(fs)
	if fs.Parse(words) != nil {
		return false
	}
	_, err := o.parse(fs, fs.Args())
	return err == nil
}
