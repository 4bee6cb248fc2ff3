package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
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
