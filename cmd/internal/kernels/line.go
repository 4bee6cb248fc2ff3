package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
)

// line is a series of kernels that Debian has a package of.
type line struct {
	name    string
	suites  []string // of Debian
	pattern string   // regular expression for the package's name, for apt-cache search
	uml     bool     // user-mode Linux, a program like any other: it needs no emulator
}

// lines are the kernels of the table, from the oldest to the newest. Debian builds its user-mode Linux without
// CONFIG_INET_DIAG_DESTROY, and no other of its kernels is.
func lines() []line {
	return []line{
		{name: "5.10", suites: []string{"bullseye", "bullseye-security"}, pattern: `^linux-image-5\.10\..*-cloud-amd64$`},
		{name: "6.1", suites: []string{"bookworm", "bookworm-security"}, pattern: `^linux-image-6\.1\.0-.*-cloud-amd64$`},
		{name: "6.1-um", suites: []string{"bookworm"}, pattern: `^user-mode-linux$`, uml: true},
		{name: "6.12", suites: []string{"trixie", "trixie-security"}, pattern: `^linux-image-6\.12\..*-cloud-amd64$`},
		{name: "sid", suites: []string{"sid"}, pattern: `^linux-image-[0-9].*-cloud-amd64$`},
	}
}

// everyLine has the newest kernel for Debian's stable release beside them. That may be newer than sid's.
func everyLine() []line {
	return append(lines(), line{name: "backports", suites: []string{"trixie-backports"}, pattern: `^linux-image-[0-9].*-cloud-amd64$`})
}

// backports is a kernel of which Debian had a package for its stable release for a while.
func backports(series string) line {
	return line{name: series, suites: []string{"trixie-backports"}, pattern: `^linux-image-` + regexp.QuoteMeta(series) + `\..*-cloud-amd64$`}
}

func names(lines []line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, l.name)
	}
	return all
}

// linesOf are those of the lines that are named, all when none is.
func linesOf(all []line, named []string) ([]line, error) {
	if len(named) == 0 {
		return all, nil
	}
	var some []line
	for _, name := range named {
		i := slices.Index(names(all), name)
		if i < 0 {
			return nil, fmt.Errorf("no kernel is called %q, but %q", name, names(all))
		}
		some = append(some, all[i])
	}
	return some, nil
}

// vmlinuz is the kernel's program among the unpacked files of its package.
func (l line) vmlinuz(kernel string) (string, error) {
	patterns := []string{"boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz", "usr/lib/linux/vmlinuz-*"}
	if l.uml {
		patterns = []string{"usr/bin/linux.uml"}
	}
	return one(kernel, patterns)
}

// modules is the directory that the kernel's modules are below; its name is the kernel's release.
func (l line) modules(kernel string) (string, error) {
	return one(kernel, []string{"lib/modules/*/kernel", "usr/lib/modules/*/kernel", "usr/lib/uml/modules/*/kernel"})
}

// one is the file below a directory that the first of the patterns to match anything matches.
func one(dir string, patterns []string) (string, error) {
	for _, p := range patterns {
		if found, err := filepath.Glob(filepath.Join(dir, p)); err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s has none of %q", dir, patterns)
}
