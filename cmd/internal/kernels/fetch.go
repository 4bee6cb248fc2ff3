package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// fetch returns the directory with the unpacked package of the line's newest kernel. What is in the cache is taken as it is.
func (l line) fetch(ctx context.Context, cache string) (string, error) {
	dir := filepath.Join(cache, l.name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	a, err := newApt(ctx, work, l.suites)
	if err != nil {
		return "", err
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := a.unpack(ctx, l.pattern, unpacked); err != nil {
		return "", err
	}
	if err := os.Rename(unpacked, dir); err != nil && !errors.Is(err, os.ErrExist) { // somebody else may have been quicker
		return "", err
	}
	return dir, nil
}

// apt is a private tree of apt's, with lists and a configuration of its own: it reaches suites that this host does not use,
// and touches nothing of the host's.
type apt struct{ dir, config string }

func newApt(ctx context.Context, dir string, suites []string) (apt, error) {
	a := apt{dir, filepath.Join(dir, "apt.conf")}
	sites, err := output(exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"))
	if err != nil {
		return a, err
	}
	for _, sub := range []string{"lists/partial", "cache/archives/partial", "parts"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return a, err
		}
	}
	for name, text := range map[string]string{
		"sources.list": sourcesList(strings.Fields(sites), suites),
		"status":       "",
		"apt.conf":     aptConfig(dir),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return a, err
		}
	}
	// A suite that its site has no more is no reason to do without the others: the search tells.
	_, err = a.run(ctx, "apt-get", "-qq", "update")
	return a, ignoreExit(err)
}

// sourcesList has the suites on the sites that this host's apt uses for its own.
func sourcesList(sites, suites []string) string {
	var b strings.Builder
	slices.Sort(sites)
	for _, site := range slices.Compact(sites) {
		if !strings.Contains(site, "debian") {
			continue
		}
		for _, suite := range suites {
			if strings.HasSuffix(suite, "-security") == strings.HasSuffix(site, "-security") {
				fmt.Fprintf(&b, "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", site, suite)
			}
		}
	}
	return b.String()
}

func aptConfig(dir string) string {
	return fmt.Sprintf(`Dir::Etc::Parts "%[1]s/parts";
Dir::Etc::PreferencesParts "%[1]s/parts";
Dir::Etc::SourceList "%[1]s/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "%[1]s/lists";
Dir::State::Status "%[1]s/status";
Dir::Cache "%[1]s/cache";
APT::Architecture "amd64";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
`, dir)
}

// unpack puts the files of the newest package that matches, and can be had, into a new directory.
func (a apt) unpack(ctx context.Context, pattern, to string) error {
	found, err := a.run(ctx, "apt-cache", "search", "--names-only", pattern)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range newestFirst(found) {
		debs := filepath.Join(a.dir, "debs", name)
		if err := a.download(ctx, name, debs); err != nil {
			errs = append(errs, err) // an old one may be gone from its pool
			continue
		}
		files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
		if err != nil {
			return err
		}
		for _, deb := range files {
			if _, err := a.run(ctx, "dpkg-deb", "-x", deb, to); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("no package %s can be had: %w", pattern, errors.Join(errs...))
}

// download gets a package and, where Debian has split the kernel (since 6.19), the parts of it that it depends on.
func (a apt) download(ctx context.Context, name, to string) error {
	all := []string{"-qq", "download", name}
	depends, err := a.run(ctx, "apt-cache", "depends", name)
	if err != nil {
		return err
	}
	for part := range strings.FieldsSeq(depends) {
		version := strings.TrimPrefix(name, "linux-image-")
		if part == "linux-binary-"+version || part == "linux-modules-"+version {
			all = append(all, part)
		}
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "apt-get", all...)
	cmd.Dir = to
	_, err = output(a.configured(cmd))
	return err
}

// newestFirst are the names in what apt-cache search prints, a package a line, by the numbers in them.
func newestFirst(found string) []string {
	var names []string
	for l := range strings.Lines(found) {
		name, _, _ := strings.Cut(l, " ")
		names = append(names, strings.TrimSpace(name))
	}
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	return names
}

func numbers(name string) []int {
	var all []int
	digits := false
	for _, c := range name {
		isDigit := c >= '0' && c <= '9'
		if isDigit && !digits {
			all = append(all, 0)
		}
		if isDigit {
			all[len(all)-1] = all[len(all)-1]*10 + int(c-'0')
		}
		digits = isDigit
	}
	return all
}

func (a apt) run(ctx context.Context, name string, args ...string) (string, error) {
	return output(a.configured(exec.CommandContext(ctx, name, args...)))
}

func (a apt) configured(cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(os.Environ(), "APT_CONFIG="+a.config, "LC_ALL=C")
	return cmd
}

// output is what a program prints; the error has what it complains of.
func output(cmd *exec.Cmd) (string, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%q: %w\n%s", cmd.Args, err, errs.Bytes())
	}
	return out.String(), nil
}

func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}
