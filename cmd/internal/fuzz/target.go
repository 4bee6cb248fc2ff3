package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// target is one fuzz target.
type target struct {
	pkg, dir, name string
}

// String is the target without the module's name: "netdiag/owner.FuzzParseStat".
func (t target) String() string {
	_, short, _ := strings.Cut(t.pkg, "/")
	return short + "." + t.name
}

// findTargets looks for the targets of the module in its test files: a package without any need not be built.
func findTargets(ctx context.Context, only *regexp.Regexp) ([]target, error) {
	list, err := goOutput(ctx, "list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "portguard/...")
	if err != nil {
		return nil, err
	}
	declaration := regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)
	var all []target
	for d := json.NewDecoder(strings.NewReader(list)); ; {
		var p struct {
			ImportPath, Dir           string
			TestGoFiles, XTestGoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for _, file := range append(p.TestGoFiles, p.XTestGoFiles...) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, m := range declaration.FindAllSubmatch(text, -1) {
				if t := (target{p.ImportPath, p.Dir, string(m[1])}); only.MatchString(t.String()) {
					all = append(all, t)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b target) int { return cmp.Compare(a.String(), b.String()) })
	return all, nil
}

// buildAll builds the test binary of each package, instrumented as go test -fuzz does it.
func buildAll(ctx context.Context, dir string, targets []target) (map[string]string, error) {
	binaries := map[string]string{}
	for _, t := range targets {
		if binaries[t.pkg] != "" {
			continue
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.test", len(binaries)))
		if _, err := goOutput(ctx, "test", "-c", "-fuzz=.", "-o", path, t.pkg); err != nil {
			return nil, err
		}
		binaries[t.pkg] = path
	}
	return binaries, nil
}

func goOutput(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
