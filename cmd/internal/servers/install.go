package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// installed guards the running server as `unit install` does by itself, and starts it anew.
func (e *entry) installed(ctx context.Context, form string, want []string) (in install, err error) {
	in.Flags = form
	if err := e.write(""); err != nil {
		return in, err
	}
	if err := begin(); err != nil {
		return in, err
	}
	if err := e.serves(); err != nil {
		in.Refused = "it does not start without a guard: " + err.Error()
		return in, end(ctx)
	}
	if _, err := settled(want); err != nil {
		return in, err
	}
	out, err := exec.Command(portguard, append([]string{"unit", "install", unitName}, strings.Fields(form)...)...).CombinedOutput()
	if err != nil {
		in.Refused = strings.TrimSpace(string(out))
		return in, end(ctx)
	}
	if err := end(ctx); err != nil {
		return in, err
	}
	dropIn, err := os.ReadFile(unitFile + ".d/zz-portguard.conf")
	if err != nil {
		return in, err
	}
	in.Guard = guardIn(string(dropIn))
	in.start, err = e.started(ctx, try{want: want, held: strings.Contains(form, "--share"), quick: true})
	if err != nil {
		return in, err
	}
	if err := run(portguard, "unit", "remove", unitName); err != nil {
		return in, err
	}
	return in, run(portguard, "release", fmt.Sprint(port))
}

var guardLine = regexp.MustCompile(regexp.QuoteMeta(portguard) + ` (.*?)(?: -- .*)?\n`)

// guardIn is what a drop-in has between portguard and the command.
func guardIn(dropIn string) string {
	m := guardLine.FindStringSubmatch(dropIn)
	if m == nil {
		return ""
	}
	return m[1]
}
