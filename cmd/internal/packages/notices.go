package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// notices writes the licences of all that is linked into the program: most ask for that where binaries are given away.
func (b *build) notices(info *debug.BuildInfo) error {
	var all strings.Builder
	all.WriteString("portguard is licensed under the Apache License 2.0. The program contains these works of others, under their own licences.\n")
	goroot, err := b.golang(nil, "env", "GOROOT")
	if err != nil {
		return err
	}
	if err := addNotice(&all, "Go "+info.GoVersion, goroot); err != nil {
		return err
	}
	for _, m := range info.Deps {
		dir, err := b.golang(nil, "list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return err
		}
		if err := addNotice(&all, m.Path+" "+m.Version, dir); err != nil {
			return err
		}
	}
	return os.WriteFile(b.path("THIRD-PARTY"), []byte(all.String()), 0o644)
}

func addNotice(all *strings.Builder, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if !strings.HasPrefix(upper, "LICENSE") && !strings.HasPrefix(upper, "COPYING") && !strings.HasPrefix(upper, "NOTICE") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(all, "\n==== %s: %s\n\n%s\n", name, e.Name(), strings.TrimSpace(string(text)))
	}
	if !found {
		return fmt.Errorf("%s has no licence in %s", name, dir)
	}
	return nil
}
