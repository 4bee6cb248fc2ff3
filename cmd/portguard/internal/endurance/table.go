package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// results are what a run has to show.
type results struct {
	length    time.Duration
	bars      bars
	processes []fared
	checks    []check
	said      string // by the processes, for one who looks for what went wrong
}

type fared struct {
	name string
	trend
}

type check struct {
	what, seen string
	ok         bool
}

func (r *results) check(what string, ok bool, format string, args ...any) {
	r.checks = append(r.checks, check{what, fmt.Sprintf(format, args...), ok})
}

// failure names what has failed, nil when nothing has.
func (r *results) failure() error {
	var all []string
	for _, p := range r.processes {
		if f := p.failure(r.bars); f != "" {
			all = append(all, p.name+": "+f)
		}
	}
	for _, c := range r.checks {
		if !c.ok {
			all = append(all, c.what+": "+c.seen)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("%d bars are not held:\n  %s", len(all), strings.Join(all, "\n  "))
}

const (
	begin = "<!-- endurance: written by cmd/portguard/internal/endurance -->\n"
	end   = "<!-- end of endurance -->\n"
)

// table is the results in Markdown.
func (r *results) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s beside %d connections a second (Linux %s, %d processors). Medians of the first quarter, after a warm-up, and of the last.\n\n",
		strings.Replace(r.length.String(), "m0s", "m", 1), rate, kernel(), runtime.NumCPU())
	b.WriteString("| process | memory, KiB | at most | descriptors | threads | of one core | |\n|---|--:|--:|--:|--:|--:|---|\n")
	for _, p := range r.processes {
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %.2f %% | %s |\n",
			p.name, fromTo(p.rss), p.peak, fromTo(p.fds), fromTo(p.threads), 100*p.cpu, verdict(p.failure(r.bars) == ""))
	}
	b.WriteString("\n| at the end | | |\n|---|--:|---|\n")
	for _, c := range r.checks {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.what, c.seen, verdict(c.ok))
	}
	return b.String()
}

func fromTo(v [2]int) string { return fmt.Sprintf("%d, %d", v[0], v[1]) }

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "**FAIL**"
}

func kernel() string {
	var u unix.Utsname
	_ = unix.Uname(&u) // it fails for bad addresses only
	return unix.ByteSliceToString(u.Release[:])
}

// writeTable puts the table between the markers of a file.
func writeTable(name, text string) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(old), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q", name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(name, []byte(head+begin+"\n"+text+"\n"+end+tail), 0o644)
}
