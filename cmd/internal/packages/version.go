package main

import (
	"strings"
	"time"
)

// packageVersion is the version of a package of this format, from the one that Go stamps into the program. What comes before
// a release sorts before it: "~" for deb and rpm, "_pre" for apk, which knows letters nowhere else. An archive has it as it is.
func packageVersion(format, version string, date time.Time) string {
	number, built, _ := strings.Cut(strings.TrimPrefix(version, "v"), "+") // +dirty, +incompatible
	if !strings.HasPrefix(version, "v") {
		number, built = "0.0.0-"+date.Format("20060102150405"), "" // "(devel)": built without the repository
	}
	if format == "tar.gz" {
		if built != "" {
			number += "+" + built
		}
		return number
	}
	release, before, isBefore := strings.Cut(number, "-")
	if format == "apk" {
		if isBefore {
			release += "_pre" + digits(before)
		}
		return release
	}
	if isBefore {
		release += "~" + strings.ReplaceAll(before, "-", ".")
	}
	if built != "" {
		release += "+" + built
	}
	return release
}

// digits keeps the numbers of "rc.1" and of "0.20261122123606-05f306a62556", without the commit.
func digits(text string) string {
	text, _, _ = strings.Cut(text, "-")
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}
