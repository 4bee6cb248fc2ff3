// Package unitfile reads and writes systemd's unit files as text: assignments, and the command lines of ExecStart= with
// their prefixes, quotes and specifiers. It opens no file and expands nothing.
//
// The text is what counts: what systemd tells over D-Bus has its specifiers and escapes expanded, and putting that back
// into a file would expand it twice.
package unitfile

import "strings"

// Assignment is one KEY=VALUE line, its continuations joined as systemd joins them: by a blank each.
type Assignment struct {
	Section, Key, Value string
}

const whitespace = " \t\n\r" // WHITESPACE of systemd

// Parse reads a unit file or drop-in as config_parse() of systemd does (src/shared/conf-parser.c). Lines that systemd
// ignores with a warning are left out, so there are no errors.
func Parse(text string) []Assignment {
	var all []Assignment
	section := ""
	for _, line := range logicalLines(strings.TrimPrefix(text, "\ufeff")) {
		if name, ok := strings.CutPrefix(line, "["); ok {
			if name, ok = strings.CutSuffix(name, "]"); ok {
				section = name
			}
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			all = append(all, Assignment{section, strings.Trim(key, whitespace), strings.Trim(value, whitespace)})
		}
	}
	return all
}

// logicalLines joins what backslashes at the ends of lines continue. Comments are dropped, in the middle of a continued
// line as well; an empty line ends one.
func logicalLines(text string) []string {
	var lines []string
	continued := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if l := strings.TrimLeft(line, whitespace); l != "" && strings.ContainsRune("#;", rune(l[0])) {
			continue
		}
		continued += line
		if endsEscaping(continued) {
			continued = continued[:len(continued)-1] + " "
			continue
		}
		lines = appendLine(lines, continued)
		continued = ""
	}
	return appendLine(lines, continued)
}

func appendLine(lines []string, line string) []string {
	if line = strings.Trim(line, whitespace); line == "" {
		return lines
	}
	return append(lines, line)
}

// endsEscaping reports whether the last character is a backslash that no other escapes.
func endsEscaping(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

// List is what a setting that adds up (ExecStart=) comes to over a unit file and its drop-ins, in systemd's order: an empty
// value takes back all before it.
func List(files [][]Assignment, section, key string) []string {
	var values []string
	for _, file := range files {
		for _, a := range file {
			switch {
			case a.Section != section || a.Key != key:
			case a.Value == "":
				values = nil
			default:
				values = append(values, a.Value)
			}
		}
	}
	return values
}

// Last is what a setting with one value comes to; "" when none was given, or it was taken back.
func Last(files [][]Assignment, section, key string) string {
	last := ""
	for _, file := range files {
		for _, a := range file {
			if a.Section == section && a.Key == key {
				last = a.Value
			}
		}
	}
	return last
}
