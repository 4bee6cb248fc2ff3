package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// result is what became of one test on one kernel.
type result struct {
	pkg, test string
	action    string // pass, fail, skip; "" when it did not come to its end
	parent    bool   // has subtests
	notes     []string
	counts    []count
	said      []string // but for those
}

// count is a number of things that a test has looked at.
type count struct {
	n    int
	what string
}

// column is everything that was seen on one kernel.
type column struct {
	line
	release string
	results []result
}

// What a test says to this table. A test that takes another way on a kernel that lacks something, and passes, says what
// with the first; the second is a number worth to be seen.
var (
	onThisKernel = regexp.MustCompile(`_test\.go:\d+: on this kernel: (.*)`)
	counted      = regexp.MustCompile(`_test\.go:\d+: counted: (\d+) (.*)`)
	source       = regexp.MustCompile(`^ *\w+\.go:\d+: `)
)

// readColumn reads what the init script and the tests have said.
func readColumn(ctx context.Context, l line, text string) (column, error) {
	c := column{line: l}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if _, after, ok := strings.Cut(text, "=== kernel "); ok {
		c.release, _, _ = strings.Cut(after, "\n")
	}
	for _, part := range strings.Split(text, "=== package ")[1:] {
		pkg, rest, _ := strings.Cut(part, "\n")
		said, _, ended := strings.Cut(rest, "\n=== exit ")
		if !ended {
			return c, fmt.Errorf("the tests of %s have no end", pkg)
		}
		results, err := readTests(ctx, pkg, said)
		if err != nil {
			return c, err
		}
		if len(results) == 0 {
			return c, fmt.Errorf("no test of %s was run:\n%s", pkg, said)
		}
		c.results = append(c.results, results...)
	}
	return c, nil
}

// event is a line of test2json (go doc test2json).
type event struct{ Action, Test, Output string }

// readTests has a test program's output explained by the go command's own reader of it.
func readTests(ctx context.Context, pkg, said string) ([]result, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "test2json")
	cmd.Stdin = strings.NewReader(said)
	text, err := output(cmd)
	if err != nil {
		return nil, err
	}
	byName := map[string]*result{}
	var names []string
	for d := json.NewDecoder(bytes.NewBufferString(text)); d.More(); {
		var e event
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		if e.Test == "" {
			continue
		}
		r := byName[e.Test]
		if r == nil {
			r = &result{pkg: pkg, test: e.Test}
			byName[e.Test] = r
			names = append(names, e.Test)
			if i := strings.LastIndexByte(e.Test, '/'); i > 0 && byName[e.Test[:i]] != nil {
				byName[e.Test[:i]].parent = true
			}
		}
		r.take(e)
	}
	results := make([]result, len(names))
	for i, name := range names {
		results[i] = *byName[name]
	}
	return results, nil
}

func (r *result) take(e event) {
	switch e.Action {
	case "pass", "fail", "skip":
		r.action = e.Action
	case "output":
		line := strings.TrimRight(e.Output, "\n")
		if m := onThisKernel.FindStringSubmatch(line); m != nil {
			r.notes = append(r.notes, m[1])
		} else if m := counted.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits
			r.counts = append(r.counts, count{n, m[2]})
		} else if source.MatchString(line) {
			r.said = append(r.said, source.ReplaceAllString(line, ""))
		}
	}
}

func (r result) failed() bool { return r.action != "pass" && r.action != "skip" }

func (c column) summary() string {
	count := map[string]int{}
	for _, r := range c.results {
		if !r.parent {
			count[r.action]++
		}
	}
	return fmt.Sprintf("%d passed, %d skipped, %d failed", count["pass"], count["skip"], count["fail"]+count[""])
}

// failures are the names of the innermost tests that failed, and what each said first.
func (c column) failures() []string {
	var all []string
	for _, r := range c.results {
		below := func(o result) bool {
			return o.pkg == r.pkg && strings.HasPrefix(o.test, r.test+"/") && o.failed()
		}
		if !r.failed() || slices.ContainsFunc(c.results, below) {
			continue
		}
		all = append(all, fmt.Sprintf("%s %s: %s", r.pkg, r.test, strings.Join(r.said[:min(len(r.said), 3)], " | ")))
	}
	return all
}
