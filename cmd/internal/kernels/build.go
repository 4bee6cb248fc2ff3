package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are what the tests of the command run, by their names there. The short form does without these tests.
func programs(short bool) map[string]string {
	if short {
		return nil
	}
	return map[string]string{
		"portguard": "./cmd/portguard",
		"service":   "./cmd/portguard/internal/e2e/testdata/ladder/service",
		"keeper":    "./cmd/portguard/internal/e2e/testdata/ladder/keeper",
	}
}

// buildTests builds the test programs of a proof's packages, each in a directory of its own with a script that runs it, and
// packs them into an archive.
func buildTests(ctx context.Context, p proof, dir, to string, short bool) error {
	built := filepath.Join(dir, "tests", "programs")
	for name, pkg := range p.programs {
		ldflags := "-ldflags=-s -w"
		if name == "portguard" {
			ldflags += " -E portguard/wrapper/become.entry"
		}
		if err := goBuild(ctx, "build", filepath.Join(built, name), pkg, ldflags); err != nil {
			return err
		}
	}
	for i, p := range p.packages {
		in := filepath.Join(dir, "tests", fmt.Sprintf("%d-%s", i, filepath.Base(p.path)))
		if err := goBuild(ctx, "test", filepath.Join(in, "test"), "./"+p.path, "-c", "-tags=kernels", "-ldflags=-s -w"); err != nil {
			return err
		}
		for name, text := range map[string]string{"run": runScript(p, short), "package": p.path + "\n"} {
			if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o755); err != nil {
				return err
			}
		}
	}
	archive, err := os.Create(to)
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := writeCPIO(archive, dir); err != nil {
		return err
	}
	return archive.Close()
}

// runScript runs the tests of one package that have a row.
func runScript(p testPackage, short bool) string {
	flags := "-test.v=test2json -test.timeout 20m"
	if short {
		flags += " -test.short"
	}
	return fmt.Sprintf("#!/bin/sh\nexec env PORTGUARD_TEST_PROGRAMS=/tests/programs PORTGUARD_TEST_EMULATED=1 ./test %s -test.run '^(%s)$'%s\n",
		flags, strings.Join(p.tests, "|"), p.flags(short))
}

func goBuild(ctx context.Context, verb, to, pkg string, flags ...string) error {
	args := append([]string{verb, "-buildvcs=false", "-trimpath"}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", to, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH=amd64")
	_, err := output(cmd)
	return err
}
