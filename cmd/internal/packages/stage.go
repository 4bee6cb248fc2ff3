package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// stage puts files below a directory, as they will be when they are installed, and returns their paths.
func (b *build) stage(dir string, files []file) ([]string, error) {
	var all []string
	for _, f := range files {
		sources, err := b.match(f)
		if err != nil {
			return nil, err
		}
		for _, s := range sources {
			to := f.to
			if strings.HasSuffix(to, "/") {
				to += s.name
			}
			if f.gzip {
				to += ".gz"
			}
			if err := b.place(filepath.Join(dir, to), s.path, f); err != nil {
				return nil, err
			}
			all = append(all, to)
		}
	}
	slices.Sort(all)
	return all, nil
}

// match is a source file, and its name below the directory that a line of the table names.
type match struct{ path, name string }

func (b *build) match(f file) ([]match, error) {
	root := b.root
	from, made := strings.CutPrefix(f.from, "made:")
	if made {
		root = b.dir
	}
	var all []match
	if top, ok := strings.CutSuffix(from, "/..."); ok {
		top = filepath.Join(root, top)
		err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				all = append(all, match{p, strings.TrimPrefix(p, top+"/")})
			}
			return err
		})
		return all, err
	}
	paths, err := filepath.Glob(filepath.Join(root, from))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("nothing matches %s", f.from)
	}
	for _, p := range paths {
		all = append(all, match{p, path.Base(p)})
	}
	return all, err
}

// place copies a file, with the mode and the time that it has in the package.
func (b *build) place(to, from string, f file) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if f.gzip {
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression) // without a name and a time, as gzip -n
		if err != nil {
			return err
		}
		if _, err := w.Write(content); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		content = packed.Bytes()
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(to, content, 0o644); err != nil {
		return err
	}
	if err := os.Chmod(to, fs.FileMode(f.permissions())); err != nil {
		return err
	}
	return os.Chtimes(to, b.date, b.date)
}

func (f file) permissions() uint32 {
	if f.mode == 0 {
		return 0o644
	}
	return f.mode
}
