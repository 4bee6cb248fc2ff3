package docs

import (
	"regexp"
	"strings"
	"testing"
)

// guards is a line that guards a unit: by portguard, or by hand.
var guards = regexp.MustCompile(`portguard unit install [a-z]|^\s*ExecStart(Pre)?=\S*portguard .*-p `)

// A guard without a wait turns a service that heals itself by Restart= into one that meets its start limit, so no example is without.
// A supervisor's restarts are its own.
func TestGuardedUnitsWait(t *testing.T) {
	texts := map[string]string{}
	for _, page := range pages(t) {
		if page.path == "README.md" || page.path == "README.zh-CN.md" || strings.HasPrefix(page.path, "docs/") {
			texts[page.path] = page.text
		}
	}
	for _, command := range []string{"unit", "unit install"} {
		texts["portguard "+command+" --help"] = helpOf(t, command)
	}
	found := 0
	for name, text := range texts {
		for line := range strings.Lines(text) {
			if !guards.MatchString(line) || strings.Contains(line, "--restart ") {
				continue
			}
			found++
			if !strings.Contains(line, "--wait ") {
				t.Errorf("%s: no --wait in %q", name, strings.TrimSpace(line))
			}
		}
	}
	if found < 10 {
		t.Errorf("%d examples of guarded units are too few to be all", found)
	}
}
