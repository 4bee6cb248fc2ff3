package dropin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/wholefile"
)

// System is where an administrator's unit files are; nothing that a package installs is there.
const System Dir = "/etc/systemd/system"

// Dir is a directory of unit files.
type Dir string

// Path is where a unit's drop-in is.
func (d Dir) Path(unit string) string { return filepath.Join(d.of(unit), FileName) }

func (d Dir) of(unit string) string { return filepath.Join(string(d), unit+".d") }

// Writable says why there can be no drop-ins: fs.ErrPermission, unix.EROFS ..., as *fs.PathError.
func (d Dir) Writable() error {
	if err := unix.Faccessat(unix.AT_FDCWD, string(d), unix.W_OK, unix.AT_EACCESS); err != nil {
		return &fs.PathError{Op: "write", Path: string(d), Err: err}
	}
	return nil
}

// LockFile keeps two of us from changing drop-ins at once. It is not the one for settings, which a start may need while systemd
// takes its time to reload.
const LockFile = "/run/portguard-unit.lock"

// Lock waits, until the context ends, until nobody else of us changes drop-ins. What is decided by what is there, and taken back
// when systemd does not take it, has to be under it from the first look on.
func (d Dir) Lock(ctx context.Context) (unlock func(), err error) {
	return wholefile.Lock(ctx, LockFile)
}

// Exists reports, by fs.ErrNotExist, that a unit has no drop-in, neither ours nor a foreign file in its place.
func (d Dir) Exists(unit string) error {
	_, err := os.Lstat(d.Path(unit))
	return err
}

// Read reads a unit's drop-in. Errors are fs.ErrNotExist: there is none, ErrForeign, and those of Parse.
func (d Dir) Read(unit string) (DropIn, error) {
	return d.read(unit, Parse)
}

func (d Dir) read(unit string, parse func(text string) (DropIn, error)) (DropIn, error) {
	path := d.Path(unit)
	text, err := wholefile.Read(path)
	if err != nil {
		return DropIn{}, err
	}
	in, err := parse(string(text))
	if err != nil {
		return DropIn{}, fmt.Errorf("%s: %w", path, err)
	}
	return in, nil
}

// List names the units that have a drop-in of ours, and those with a foreign file in its place.
func (d Dir) List() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	var units []string
	for _, e := range entries {
		unit, ok := strings.CutSuffix(e.Name(), ".d")
		if !ok || unit == "" {
			continue
		}
		switch _, err := os.Lstat(d.Path(unit)); {
		case err == nil:
			units = append(units, unit)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR):
			return nil, err
		}
	}
	return units, nil
}

// Has reports whether this very drop-in is in its place, so that Write would change nothing.
func (d Dir) Has(in DropIn) bool {
	text, err := wholefile.Read(d.Path(in.Unit))
	if err != nil {
		return false
	}
	before, err := parseHeader(string(text))
	in.OwnDir = before.OwnDir
	return err == nil && in.Render() == string(text)
}

// Write puts a drop-in in its place, whole or not at all; it takes the place of one of ours, and never of a foreign file.
// It decides OwnDir by itself.
func (d Dir) Write(in DropIn) error {
	switch before, err := d.read(in.Unit, parseHeader); {
	case err == nil:
		in.OwnDir = before.OwnDir
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		switch err := os.Mkdir(d.of(in.Unit), 0o755); {
		case err == nil:
			in.OwnDir = true
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	if err := wholefile.Replace(d.Path(in.Unit), []byte(in.Render())); err != nil {
		if in.OwnDir {
			_ = os.Remove(d.of(in.Unit)) // it stays when there is something in it
		}
		return err
	}
	return nil
}

// Remove takes a unit's drop-in away, and its directory if that is ours and empty. Errors are fs.ErrNotExist: there is
// none, ErrForeign, and those of the file system.
func (d Dir) Remove(unit string) error {
	in, err := d.read(unit, parseHeader)
	if err != nil {
		return err
	}
	if err := wholefile.Remove(d.Path(unit)); err != nil {
		return err
	}
	if in.OwnDir {
		if err := os.Remove(d.of(unit)); err != nil && !errors.Is(err, unix.ENOTEMPTY) {
			return err
		}
	}
	return wholefile.Sync(string(d))
}
