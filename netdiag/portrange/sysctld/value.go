package sysctld

import "slices"

// Program is one that applies the files.
type Program uint8

// The programs.
const (
	Systemd Program = iota // systemd-sysctl.service, at boot
	Procps                 // sysctl --system, by hand and on hosts without systemd
)

func (p Program) String() string {
	return [...]string{"systemd-sysctl", "sysctl --system"}[p]
}

// Value is the line that decides what a program sets a key to (kernel's form, no pattern). It is false when the key stays
// as it is: no line is about it, or the kernel refuses the one that decides, which valid tells.
func (c Config) Value(p Program, key string, valid func(value string) bool) (Line, bool) {
	lines := c.about(p, key)
	if p == Systemd {
		l, ok := settled(lines)
		return l, ok && valid(l.Value)
	}
	return written(lines, valid)
}

// Refused are the lines about the key with a value that the kernel would refuse, in any file.
func (c Config) Refused(key string, valid func(value string) bool) []Line {
	var all []Line
	for _, l := range c.about(Procps, key) {
		if !l.Excludes && !valid(l.Value) {
			all = append(all, l)
		}
	}
	return all
}

// about are the lines about the key in the order in which the program reads them.
func (c Config) about(p Program, key string) []Line {
	var all []Line
	files := c.Dropins
	if p == Procps {
		files = append(files[:len(files):len(files)], c.Main)
	}
	for _, f := range files {
		for _, l := range f.Lines {
			if l.about(key) {
				all = append(all, l)
			}
		}
	}
	return all
}

// settled is systemd-sysctl's way: the last line that names the key decides, even one that excludes it; a pattern, the
// last, only where none does.
func settled(lines []Line) (Line, bool) {
	var named, matched *Line
	for i := range lines {
		if lines[i].pattern() {
			matched = &lines[i]
		} else {
			named = &lines[i]
		}
	}
	switch {
	case named != nil:
		return *named, !named.Excludes
	case matched != nil:
		return *matched, !matched.Excludes
	}
	return Line{}, false
}

// written is procps' way: each line is written, and the last that the kernel takes stays.
func written(lines []Line, valid func(string) bool) (Line, bool) {
	for _, l := range slices.Backward(unhidden(lines)) {
		if valid(l.Value) {
			return l, true
		}
	}
	return Line{}, false
}

// unhidden are the lines that procps writes: a pattern leaves alone what a line has named, wherever that stands.
func unhidden(lines []Line) []Line {
	named := slices.ContainsFunc(lines, func(l Line) bool { return !l.pattern() })
	var some []Line
	for _, l := range lines {
		if !l.Excludes && (!named || !l.pattern()) {
			some = append(some, l)
		}
	}
	return some
}
