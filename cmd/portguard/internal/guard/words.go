package guard

import (
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
)

// otherWords is the line that was meant by words that other programs begin with: "who 8080", "run -p 8080 -- java"; nil where the first is
// none. What only looks comes before what acts: "stop 8080" says who has it.
func (o *options) otherWords(fs *pflag.FlagSet, words []string) []string {
	first, rest := words[0], words[1:]
	if fs.Lookup(first) != nil && allPorts(rest) {
		return nil // a flag without its dashes
	}
	if port := pasted(words); port != "" {
		return []string{"-p", port}
	}
	switch first {
	case "run", "exec", "start", "launch", "wrap":
		return without(rest)
	case "kill":
		return killLine(rest)
	case "portguard", "sudo":
		if i := slices.Index(words, "portguard"); i >= 0 {
			return words[i+1:]
		}
	case "unreserve", "dereserve", "unhold":
		return slices.Concat([]string{"release"}, rest)
	case "systemctl", "service":
		return serviceLine(rest)
	case "?", "/?", "/help", "pkill", "killall", "man", "doc", "docs", "usage":
		return []string{"--help"}
	case "install", "uninstall", "remove", "show", "guard", "protect", "unguard", "enable", "disable", "restart", "reload":
		return unitLine(first, rest)
	case "check", "who", "whois", "whose", "which", "what", "free", "find", "info", "port", "lookup", "inspect", "query", "scan", "test", "get", "is",
		"stop", "end", "terminate", "killport", "kill-port", "freeport", "clear", "unlock", "fuser", "lsof", "ss", "netstat", "list", "ls", "status", "ports", "ps":
		ports := portsAmong(rest)
		switch {
		case len(ports) > 0:
			return ports
		case !slices.ContainsFunc(rest, func(w string) bool { return w[:min(1, len(w))] != "-" }):
			return []string{"audit"}
		case (first == "status" || first == "stop") && len(rest) == 1:
			return unitLine("show", rest)
		}
	}
	if strings.HasSuffix(first, ".service") && len(rest) == 0 {
		return []string{"unit", "show", first}
	}
	return nil
}

// behindColon is the port behind an address, or without one: lsof -i:80, ss 'sport = :80', 10.0.0.1:80->10.0.0.2:7000. "" where there is none.
func behindColon(word string) string {
	if found := regexp.MustCompile(`:([0-9]+)\b`).FindStringSubmatch(word); found != nil {
		return found[1]
	}
	return ""
}

// portsAmong is -p with each port that the words of lsof, ss or fuser name.
func portsAmong(words []string) []string {
	var ports []string
	for _, w := range words {
		if port := behindColon(w); port != "" && !flags.IsPort(w) {
			w = port
		}
		if flags.IsPort(w) {
			ports = append(ports, "-p", w)
		}
	}
	return ports
}

// pasted is the port of a line that lsof, ss or netstat has printed: the local one, which is the first. "" where it is none.
func pasted(words []string) string {
	states := regexp.MustCompile(`^\(?(LISTEN|ESTAB(LISHED)?|UNCONN|(SYN|TIME|CLOSE|LAST|FIN)[-_]?(WAIT|ACK|SENT|RECV)[-_]?[12]?)\)?$`)
	if len(words) < 5 || !slices.ContainsFunc(words, states.MatchString) {
		return ""
	}
	for _, w := range words {
		if port := behindColon(w); port != "" {
			return port
		}
	}
	return ""
}

// without is a line whose first word was one too many.
func without(rest []string) []string {
	if len(rest) == 0 {
		return []string{"-p", "30010", "--", "COMMAND"}
	}
	return rest
}

// killLine is that of kill(1) with ports, which have to be named: "kill -9 8080".
func killLine(rest []string) []string {
	line := []string{"--kill"}
	for _, w := range rest {
		signal := cli.SignalName(strings.TrimPrefix(w, "-"))
		switch {
		case w == "-s":
		case signal != "" && (w[0] == '-' || cli.SignalName(w) != "" && !flags.IsPort(w)):
			line = append(line, "--signal", signal)
		case flags.IsPort(w):
			line = append(line, "-p", w)
		case strings.Contains(w, "lsof") && behindColon(w) != "": // "$(lsof -t -i:80)" in quotes
			line = append(line, "-p", behindColon(w))
		default:
			return nil
		}
	}
	if !slices.Contains(line, "-p") {
		return nil
	}
	return line
}

// serviceLine is that of "systemctl restart order" and "service order restart".
func serviceLine(rest []string) []string {
	if len(rest) != 2 {
		return nil
	}
	if unitLine(rest[0], rest[1:]) == nil {
		rest = []string{rest[1], rest[0]}
	}
	return unitLine(rest[0], rest[1:])
}

// unitLine is that of "unit" for its verbs, and for what others call them. A service that is to be started or stopped is shown.
func unitLine(verb string, rest []string) []string {
	verb = map[string]string{
		"install": "install", "guard": "install", "protect": "install", "enable": "install", "remove": "remove", "uninstall": "remove", "unguard": "remove",
		"disable": "remove", "show": "show", "status": "show", "restart": "show", "start": "show", "stop": "show", "reload": "show",
	}[verb]
	switch {
	case verb == "":
		return nil
	case len(rest) == 0 && verb == "show":
		return []string{"unit", "show"}
	case verb == "show":
		return []string{"unit", "show", rest[0]}
	case len(rest) == 0:
		return []string{"unit", verb, "order.service"}
	case strings.ContainsAny(rest[0][:min(1, len(rest[0]))], "-/.") || len(rest) > 1 && !strings.HasPrefix(rest[1], "-"):
		return nil // install(1)
	}
	return slices.Concat([]string{"unit", verb}, rest)
}

// parses reports whether the words would be a right line.
func parses(words []string) bool {
	o := options{line: words}
	fs := newFlags(&o)
	if fs.Parse(words) != nil {
		return false
	}
	_, err := o.parse(fs, fs.Args())
	return err == nil
}

// newFlags is a set of the main command's flags.
func newFlags(o *options) *pflag.FlagSet {
	fs := pflag.NewFlagSet("portguard", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.SetInterspersed(false)
	o.addFlags(fs)
	return fs
}
