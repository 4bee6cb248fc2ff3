package guard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
)

// ofOthers: who 8080, run -p 8080 -- java, with which other programs begin.
func (s stray) ofOthers() error {
	if line := s.said(); line != nil && s.alone() {
		return s.noCommand(line)
	}
	return nil
}

func (s stray) noCommand(line []string) error {
	return cli.MisuseOf(fmt.Sprintf("there is no command %q", s.first), line)
}

// said is the line that was meant by such words. What only looks comes before what acts: "stop 8080" says who has it.
func (s stray) said() []string {
	switch s.first {
	case "portguard", "sudo":
		if i := slices.Index(s.words, "portguard"); i >= 0 {
			return s.words[i+1:]
		}
	case "run", "exec", "start", "launch":
		if len(s.words) > 1 {
			return s.words[1:]
		}
		return []string{"-p", "30010", "--", "COMMAND"}
	case "unreserve", "unhold":
		return mend.Amended(s.words, 0, 1, "release")
	case "install", "uninstall", "remove", "show", "guard", "unguard", "enable", "disable", "restart", "status":
		if line := s.unit(); line != nil {
			return line
		}
	case "kill":
		return s.kill()
	}
	if strings.HasSuffix(s.first, ".service") {
		return s.unit()
	}
	return s.look()
}

// unit is the same line of unit, which knows what its own words mean elsewhere.
func (s stray) unit() []string {
	switch {
	case s.first == "status" && len(s.rest) == 0:
		return nil // of all ports
	case strings.ContainsAny(s.next()[:min(1, len(s.next()))], "-/."), len(s.rest) > 1 && !strings.HasPrefix(s.rest[1], "-"):
		return nil // install(1)
	}
	return append([]string{"unit"}, s.words...)
}

// kill is that of kill(1) with ports: kill -9 8080.
func (s stray) kill() []string {
	line := []string{"--kill"}
	for _, w := range s.rest {
		signal, isSignal := strings.CutPrefix(w, "-")
		switch {
		case isSignal && mend.Signal(signal) != "":
			line = append(line, "--signal", mend.Signal(signal))
		case flags.IsPort(w):
			line = append(line, "-p", w)
		default:
			return nil
		}
	}
	if len(line) == 1 || len(line) == len(s.rest)*2-1 {
		return nil
	}
	return line
}

// look is the line that says who has the ports, or that shows all of them.
func (s stray) look() []string {
	if !slices.Contains([]string{
		"check", "who", "whois", "which", "what", "free", "find", "info", "test", "is", "stop", "killport", "kill-port", "freeport",
		"fuser", "lsof", "ss", "netstat", "list", "ls", "status", "ports", "ps",
	}, s.first) {
		return nil
	}
	var ports []string
	for _, w := range s.rest {
		if found := regexp.MustCompile(`:([0-9]+)$`).FindStringSubmatch(w); found != nil && !flags.IsPort(w) { // lsof -i:80
			w = found[1]
		}
		if flags.IsPort(w) {
			ports = append(ports, "-p", w)
		}
	}
	if ports == nil && !slices.ContainsFunc(s.rest, func(w string) bool { return !strings.HasPrefix(w, "-") }) {
		return []string{"audit"}
	}
	return ports
}
