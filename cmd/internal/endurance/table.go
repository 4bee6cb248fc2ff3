package main

import (
	"fmt"
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
