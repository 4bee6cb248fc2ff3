package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Where the document is, and where the program has from what it knows.
const (
	document = "docs/servers.md"
	data     = "internal/taken/servers.tsv"
)

// surveyAll surveys these servers on each of their releases.
func surveyAll(ctx context.Context, o options, names []string) error {
	every, err := entries()
	if err != nil {
		return err
	}
	some, err := named(every, names)
	if err != nil {
		return err
	}
	s := &sink{file: o.keep}
	if err := s.read(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "portguard-servers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	guard, own := filepath.Join(dir, "portguard"), filepath.Join(dir, "servers")
	if err := build(ctx, guard, "portguard/cmd/portguard", asReleased); err != nil {
		return err
	}
	if err := build(ctx, own, "portguard/cmd/internal/servers", ""); err != nil { // once more: go run links the C library
		return err
	}
	var launches []launched
	for _, release := range releasesOf(some) {
		if o.release != "" && release != o.release {
			continue
		}
		root, missing, err := rootOf(ctx, o.cache, release, append(packagesOf(some, release), launcherPackages(release, names)...))
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			fmt.Printf("%s has no %s\n", release, strings.Join(missing, " "))
		}
		if err := s.surveyRelease(ctx, o.lanes, root, release, own, guard, some); err != nil {
			return err
		}
		if release == launchersOn && len(names) == 0 {
			if launches, err = launchAll(root, own, guard); err != nil {
				return err
			}
		}
	}
	if err := s.failure(); err != nil || len(names) > 0 || o.release != "" {
		return err
	}
	return write(every, s.results, launches)
}

func releasesOf(all []entry) []string {
	var releases []string
	for _, e := range all {
		releases = append(releases, e.releases...)
	}
	slices.Sort(releases)
	return slices.Compact(releases)
}

// asReleased is how portguard is linked.
const asReleased = "-s -w -E portguard/wrapper/become.entry"

// build makes a program that runs in any root directory.
func build(ctx context.Context, path, pkg, link string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags="+link, "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}

// surveyRelease surveys those that are not known yet, several at once, each lane on a machine of its own.
func (s *sink) surveyRelease(ctx context.Context, lanes int, root, release, own, guard string, all []entry) error {
	work := make(chan entry)
	go func() {
		defer close(work)
		for _, e := range all {
			if slices.Contains(e.releases, release) && !s.has(e, release) {
				select {
				case work <- e:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	failures := make(chan error, lanes)
	for range lanes {
		go func() {
			failures <- onStage(func(t testing.TB) {
				r := boot(t, root, own, guard)
				for e := range work {
					res := r.survey(ctx, e, false)
					if ctx.Err() != nil {
						return
					}
					res.Release = release
					if err := s.add(res); err != nil {
						t.Fatal(err)
					}
				}
			})
		}()
	}
	var err error
	for range lanes {
		err = errors.Join(err, <-failures)
	}
	return errors.Join(err, ctx.Err())
}
