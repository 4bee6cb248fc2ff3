package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

const (
	begin = "<!-- fuzz: written by cmd/portguard/internal/fuzz -->\n"
	end   = "<!-- end of fuzz -->\n"
)

// table is the results in Markdown.
func table(results []result, each time.Duration) string {
	var b strings.Builder
	var execs int64
	for _, r := range results {
		execs += r.execs
	}
	fmt.Fprintf(&b, "%d targets, %s each, %d inputs (%s, linux/%s).\n\n", len(results), each, execs, runtime.Version(), runtime.GOARCH)
	b.WriteString("| target | inputs | reached new code | memory | longest | result |\n|---|--:|--:|--:|--:|---|\n")
	for _, r := range results {
		verdict := "ok"
		if r.failure != "" {
			verdict, _, _ = strings.Cut(r.failure, "\n")
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d MiB | %d ms | %s |\n", r.target, r.execs, r.kept, r.usage.memory>>20, r.usage.longest.Milliseconds(), verdict)
	}
	return b.String()
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
