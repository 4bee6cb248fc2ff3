package main

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// Each entry is a server, in the txtar format: lines "key: value", and then files for its directory, which is /t. A file named setup
// is run by bash, once.
//
//go:embed entries
var entryFiles embed.FS // read only

// port is the one that every entry's server has, as its files say.
const port = 30010

// entry is a server in one configuration. Each field is a line of its file, with the field's name for a key, in words; environment
// may be there several times.
type entry struct {
	name                   string // of its file
	server, variant        string // what people call it, and this configuration
	remark                 string // what is special about what it does when its port is taken
	process                string // the name of its process, where that says which server it is
	releases, packages     []string
	version, start         string // lines for a shell: prints its version; becomes the server
	before, reload         string // before each start; what systemctl reload does, with MAINPID
	setup                  string
	environment            []string
	user, stopSignal       string
	forks                  bool          // its first process may end while it goes on
	short                  bool          // part of the short form
	upIn, stopIn, reloadIn time.Duration // how long it may take
	watch                  time.Duration // when its port is taken: how long it may take to end
	healIn                 time.Duration // and then to take a port that is free again
	probe                  probe         // with send and expect
	files                  []txtar.File
}

// entries are all of them, in the order of their names.
func entries() ([]entry, error) {
	files, err := fs.Glob(entryFiles, "entries/*.txt")
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, file := range files {
		text, err := entryFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		e, err := parseEntry(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		e.name = strings.TrimSuffix(path.Base(file), ".txt")
		all = append(all, e)
	}
	return all, nil
}

func parseEntry(text []byte) (entry, error) {
	e := entry{upIn: 15 * time.Second, watch: 15 * time.Second, stopIn: 6 * time.Second, healIn: 12 * time.Second, reloadIn: 2 * time.Second}
	archive := txtar.Parse(text)
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found {
			return e, fmt.Errorf("%q is no key and value", line)
		}
		if err := e.set(key, value); err != nil {
			return e, fmt.Errorf("%s: %w", key, err)
		}
	}
	for _, f := range archive.Files {
		if f.Name == "setup" {
			e.setup = string(f.Data)
		} else {
			e.files = append(e.files, f)
		}
	}
	if e.server == "" || e.start == "" || e.probe.kind == "" || len(e.releases) == 0 {
		return e, fmt.Errorf("server, releases, start or probe is missing")
	}
	return e, nil
}

func (e *entry) set(key, value string) (err error) {
	texts := map[string]*string{
		"server": &e.server, "variant": &e.variant, "remark": &e.remark, "process": &e.process, "version": &e.version, "start": &e.start,
		"reload": &e.reload, "before": &e.before, "user": &e.user, "stop signal": &e.stopSignal, "probe": &e.probe.kind,
	}
	times := map[string]*time.Duration{"up in": &e.upIn, "watch": &e.watch, "stop in": &e.stopIn, "heal in": &e.healIn, "reload in": &e.reloadIn}
	switch {
	case texts[key] != nil:
		*texts[key] = value
	case times[key] != nil:
		*times[key], err = time.ParseDuration(value)
	case key == "releases":
		e.releases = strings.Fields(value)
	case key == "packages":
		e.packages = strings.Fields(value)
	case key == "environment":
		e.environment = append(e.environment, value)
	case key == "forks":
		e.forks = value == "yes"
	case key == "short":
		e.short = value == "yes"
	case key == "send":
		e.probe.send, err = strconv.Unquote(value)
	case key == "expect":
		e.probe.expect, err = strconv.Unquote(value)
	default:
		err = fmt.Errorf("no such key")
	}
	return err
}

// named are the entries of these names; all without any.
func named(all []entry, names []string) ([]entry, error) {
	if len(names) == 0 {
		return all, nil
	}
	var some []entry
	for _, name := range names {
		i := slices.IndexFunc(all, func(e entry) bool { return e.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no entry %q", name)
		}
		some = append(some, all[i])
	}
	return some, nil
}
