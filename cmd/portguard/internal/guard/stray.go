package guard

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"portguard/cmd/portguard/internal/cli"
	"portguard/cmd/portguard/internal/flags"
	"portguard/cmd/portguard/internal/mend"
)

// stray are words that stand where only flags do: a port, a flag without its dashes, another command, or a COMMAND.
type stray struct {
	*options
	fs      *pflag.FlagSet
	at      int // their place in the line
	words   []string
	first   string
	rest    []string // the others, before "--"
	command []string // behind "--"
}

func (o *options) stray(fs *pflag.FlagSet, words []string) stray {
	s := stray{options: o, fs: fs, at: len(o.line) - len(words), words: words, first: words[0], rest: words[1:]}
	if i := slices.Index(words, "--"); i > 0 { // what follows a word is no flag to pflag, nor is "--"
		s.rest, s.command = words[1:i], words[i+1:]
	}
	return s
}

// wrong is the error of the words, with the line that the first of them is probably meant for. Of that line, the next mistake is put right.
func (s stray) wrong() error {
	for _, guess := range []func() error{
		s.severalWords, s.valueOfSwitch, s.partOfPort, s.port, s.flag, s.ofOthers, s.mistyped, s.tooMany, s.flagsBehind,
	} {
		if err := guess(); err != nil {
			return err
		}
	}
	return cli.MisuseOf(fmt.Sprintf("%q is not a flag: a COMMAND needs -- before it", s.first), s.withDashes())
}

// instead is the line with other words in the place of the first.
func (s stray) instead(words int, by ...string) []string {
	return mend.Amended(s.line, s.at, words, by...)
}

// alone reports whether no flag stands before the words.
func (s stray) alone() bool { return s.fs.NFlag() == 0 }

// next is the second word.
func (s stray) next() string { return append(s.rest, "")[0] }

// severalWords: a line in quotes.
func (s stray) severalWords() error {
	if words := strings.Fields(s.first); len(words) > 1 && !strings.ContainsAny(s.first, forShells) {
		return cli.MisuseOf(fmt.Sprintf("%q is one word, in quotes", s.first), s.instead(1, words...))
	}
	return nil
}

// partOfPort: 30010 - 30012, 30010 udp.
func (s stray) partOfPort() error {
	if s.at == 0 || !flags.IsPort(s.line[s.at-1]) {
		return nil
	}
	port, line := s.line[s.at-1], []string(nil)
	switch {
	case (s.first == "-" || s.first == "to") && flags.IsPort(s.next()):
		line = mend.Amended(s.line, s.at-1, 3, port+"-"+s.next())
	case s.first == "tcp" || s.first == "udp":
		line = mend.Amended(s.line, s.at-1, 2, port+"/"+s.first)
	default:
		return nil
	}
	return notFlag(s.first, line)
}

// port: 8080.
func (s stray) port() error {
	switch {
	case !flags.LooksLikePort(s.first) && !(s.alone() && len(s.words) == 1 && isService(s.first)):
		return nil
	case s.at > 0 && s.line[s.at-1] == "-port":
		return cli.MisuseOf(`"-port" is neither -p nor --port`, mend.Amended(s.line, s.at-1, 1, "-p"))
	}
	return cli.MisuseOf(fmt.Sprintf("%q is not a flag: an ENDPOINT needs -p before it", s.first), s.instead(0, "-p"))
}

// flag: share -p 8080.
func (s stray) flag() error {
	f := s.fs.Lookup(s.first)
	if f == nil {
		return nil
	}
	line := s.instead(1, "--"+f.Name)
	switch takes := f.NoOptDefVal == ""; {
	case f.Name == "port":
		line = s.instead(1, "-p")
	case takes && flags.IsPort(s.next()): // wait 8080
		line = s.instead(1, strings.Fields("--"+f.Name+cli.ExampleOf(f.Name))...)
	}
	if len(s.words) == 1 || s.alone() && (mend.LooksLikeFlag(s.next()) || allPorts(s.rest) || parses(line)) {
		return cli.MisuseOf(fmt.Sprintf("%q is not a command, but a flag: --%s", s.first, f.Name), line)
	}
	return nil
}

// mistyped: aduit.
func (s stray) mistyped() error {
	if near := mend.Closest(s.first, s.others); near != "" && s.alone() && len(s.command) == 0 {
		return s.noCommand(mend.Amended(s.words, 0, 1, near))
	}
	return nil
}

// tooMany: no program, before a COMMAND that has its "--" and, anywhere, a comma or "&&".
func (s stray) tooMany() error {
	_, err := exec.LookPath(s.first)
	if err != nil && len(s.command) > 0 && !isAssignment(s.first) || strings.Trim(s.first, ",;&|?") == "" {
		return notFlag(s.first, s.instead(1))
	}
	return nil
}

// flagsBehind: java -jar app.jar -p 8080. They may be the COMMAND's own, unless they say what to do with a port.
func (s stray) flagsBehind() error {
	for k := range s.rest {
		var o options
		fs := newFlags(&o)
		if fs.Parse(s.rest[k:]) != nil || fs.NArg() > 0 || fs.Changed("port") == (len(s.Ports) > 0) {
			continue
		}
		if slices.ContainsFunc([]string{"port", "share", "wait", "close", "restart-unit", "kill", "restart", "dry-run"}, fs.Changed) {
			return cli.MisuseOf(fmt.Sprintf("%q is not a flag: a COMMAND comes last, with -- before it", s.first),
				slices.Concat(s.line[:s.at], s.rest[k:], []string{"--", s.first}, s.rest[:k], s.command))
		}
	}
	return nil
}

// withDashes is the line with "--" before COMMAND; env sets variables before one.
func (s stray) withDashes() []string {
	switch {
	case s.first == "-":
		return s.instead(1, "--")
	case isAssignment(s.first):
		return slices.Concat(s.line[:s.at], []string{"--", "env", s.first}, s.rest, s.command)
	}
	return s.instead(0, "--")
}

// notFlag is the error of a word that means nothing where it stands.
func notFlag(word string, without []string) error {
	return cli.MisuseOf(fmt.Sprintf("%q is not a flag", word), without)
}

// isAssignment reports whether a word sets a variable, for a shell.
func isAssignment(word string) bool {
	return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`).MatchString(word)
}

// isService reports whether /etc/services has a name.
func isService(word string) bool {
	_, err := flags.LookupService("tcp", word)
	return err == nil && word != "" && !flags.IsPort(word)
}

func allPorts(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !flags.IsPort(w) })
}
