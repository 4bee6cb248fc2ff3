package docs

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Everything in the documents that begins with ```console is run as it stands there: what follows the prompt ("# " as root,
// "$ " as whoever you are, "> " where a command goes on) is typed into a shell, and what the shell answers is what has to be
// printed below it. A line of "…" stands for any lines. What differs from run to run is not compared: see sameForAll.

var update = flag.Bool("update", false, "write what the commands of the documents answer into the documents")

// page is a Markdown file.
type page struct {
	path string
	text string
}

func readPage(t testing.TB, path string) *page {
	t.Helper()
	b, err := os.ReadFile(root + path)
	if err != nil {
		t.Fatal(err)
	}
	return &page{path, string(b)}
}

// block is the inside of a fence.
type block struct {
	section string // the heading above it, without its #s
	lang    string
	text    string
	skips   func(command string) bool // nil: none
}

var fence = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$|^#+ (.+?)$")

// blocks returns the fenced blocks in their order.
func (d *page) blocks() []block {
	var all []block
	section := ""
	for _, m := range fence.FindAllStringSubmatch(d.text, -1) {
		if m[3] != "" {
			section = m[3]
			continue
		}
		all = append(all, block{section: section, lang: m[1], text: m[2]})
	}
	return all
}

// consoles returns the blocks of a section that are to be run.
func (d *page) consoles(t testing.TB, section string) []block {
	t.Helper()
	var some []block
	for _, b := range d.blocks() {
		if b.lang == "console" && b.section == section {
			some = append(some, b)
		}
	}
	if len(some) == 0 {
		t.Fatalf("%s has no console block in %q", d.path, section)
	}
	return some
}

// exchange is what is typed, with the prompts, and what is answered.
type exchange struct{ typed, answer string }

var prompt = regexp.MustCompile(`(?m)^[#$>] `)

func (e exchange) command() string { return prompt.ReplaceAllString(e.typed, "") }

// looks reports whether the command changes nothing.
func (e exchange) looks() bool {
	return strings.HasPrefix(e.command(), "ss ") || strings.HasPrefix(e.command(), "journalctl ")
}

// exchanges takes a console block apart.
func (b block) exchanges() []exchange {
	var all []exchange
	for line := range strings.Lines(b.text) {
		last := len(all) - 1
		switch {
		case strings.HasPrefix(line, "# "), strings.HasPrefix(line, "$ "):
			all = append(all, exchange{typed: line})
		case last < 0: // an answer without a question will not be answered
			all = append(all, exchange{answer: line})
		case strings.HasPrefix(line, "> ") && all[last].answer == "":
			all[last].typed += line
		default:
			all[last].answer += line
		}
	}
	return all
}

// sameForAll makes two runs comparable: process ids, file descriptors, ages, versions and the widths of ss's columns differ.
func sameForAll(s string) string {
	for _, r := range []struct{ of, to string }{
		{`\bpid \d+`, "pid N"},
		{`\bfd \d+`, "fd N"},
		{`\brunning for \d+\w+( \d+\w+)?`, "running for T"},
		{`portguard \S+ \(go\S+, linux/\w+\)`, "portguard V"},
		{`(?m)[ \t]+$`, ""},
		{`  +`, "  "},
	} {
		s = regexp.MustCompile(r.of).ReplaceAllString(s, r.to)
	}
	return s
}

// asPrinted compares an answer with the documented one, in which "…" is any lines.
func asPrinted(want, got string) bool {
	want, got = sameForAll(want), sameForAll(got)
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…\n", "(?s:.*)") + "$"
	return regexp.MustCompile(pattern).MatchString(got)
}

// play runs the commands of blocks in a shell, and compares the answers with what is printed; with -update it prints them
// into the document.
func (d *page) play(t *testing.T, sh *shell, blocks []block) {
	t.Helper()
	for _, b := range blocks {
		var text strings.Builder
		for _, e := range b.exchanges() {
			if b.skips != nil && b.skips(e.command()) {
				text.WriteString(e.typed + e.answer)
				continue
			}
			got := sh.run(t, e.command())
			// A service that has just been started may take a moment to be seen: who only looks looks again.
			for again := 0; again < 100 && e.looks() && !asPrinted(e.answer, got) && !*update; again++ {
				time.Sleep(100 * time.Millisecond)
				got = sh.run(t, e.command())
			}
			text.WriteString(e.typed)
			if asPrinted(e.answer, got) {
				text.WriteString(e.answer)
				continue
			}
			text.WriteString(got)
			if !*update {
				t.Fatalf("%s: %s(-printed +answered; -update prints it)\n%s", d.path, e.typed, cmp.Diff(sameForAll(e.answer), sameForAll(got)))
			}
		}
		if text.String() != b.text {
			d.replace(t, b.text, text.String())
		}
	}
}

// replace writes a block anew, in the README in Chinese as well.
func (d *page) replace(t *testing.T, old, new string) {
	t.Helper()
	d.text = strings.Replace(d.text, old, new, 1)
	if err := os.WriteFile(root+d.path, []byte(d.text), 0o644); err != nil {
		t.Fatal(err)
	}
	if d.path == "README.md" {
		readPage(t, "README.zh-CN.md").replace(t, old, new)
	}
}
