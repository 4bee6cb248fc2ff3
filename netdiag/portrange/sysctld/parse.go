// Package sysctld answers: which value will the next boot give a sysctl, and which line of which file says so? It reads
// the files of sysctl.d(5) in the order in which the two programs that apply them do, and replaces a file as a whole.
//
// The programs differ. systemd-sysctl settles every key first and then writes it once; procps' "sysctl --system" writes
// line by line, so that a value which the kernel refuses leaves the one before it in force, and takes /etc/sysctl.conf
// last of all, which systemd-sysctl reads only through a link in sysctl.d.
package sysctld

import (
	"fmt"
	"path"
	"strings"
)

// File is one file of settings.
type File struct {
	Path  string
	Lines []Line
}

// Line is one line that means something.
type Line struct {
	Path   string
	Number int // from 1
	// Key is in the kernel's form, net/ipv4/ip_local_port_range, and may be a pattern; "" for a line that is no setting.
	Key   string
	Value string
	// Excludes: "-key" without a value, which keeps patterns off the key.
	Excludes bool
}

// Where is the line as people look it up.
func (l Line) Where() string { return fmt.Sprintf("%s:%d", l.Path, l.Number) }

func (l Line) pattern() bool { return strings.ContainsAny(l.Key, "*?[") }

// about reports whether the line is about the key.
func (l Line) about(key string) bool {
	if !l.pattern() {
		return l.Key == key
	}
	matches, err := path.Match(l.Key, key)
	return err == nil && matches
}

// Parse reads the text of a file. Nothing is an error: the programs, too, pass over what they do not understand.
func Parse(name string, text []byte) File {
	f := File{Path: name}
	number := 0
	for raw := range strings.SplitSeq(string(text), "\n") {
		number++
		line := strings.TrimSpace(raw)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		f.Lines = append(f.Lines, parseLine(name, number, line))
	}
	return f
}

func parseLine(name string, number int, line string) Line {
	l := Line{Path: name, Number: number}
	rest, dash := strings.CutPrefix(line, "-") // do not mind failure: it changes nothing for a key that exists
	key, value, assigns := strings.Cut(rest, "=")
	if !assigns && !dash {
		return l
	}
	l.Key, l.Value, l.Excludes = normalize(strings.TrimSpace(key)), strings.TrimSpace(value), !assigns
	return l
}

// normalize makes the kernel's form of a key. Where a dot comes before any slash, dots separate and slashes are dots of
// a name, as in net.ipv4.conf.eth0/1.forwarding.
func normalize(key string) string {
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '.' {
		key = strings.Map(func(r rune) rune {
			switch r {
			case '.':
				return '/'
			case '/':
				return '.'
			}
			return r
		}, key)
	}
	return strings.Trim(path.Clean("/"+key), "/")
}
