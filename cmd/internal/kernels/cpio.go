package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeCPIO writes a directory's files as the kernel wants an initial file system: cpio's "newc" format
// (Documentation/driver-api/early-userspace/buffer-format.rst). Archives may follow one another in one file.
func writeCPIO(to io.Writer, dir string) error {
	w := &cpioWriter{w: bufio.NewWriter(to)}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return w.file(name, path)
	})
	if err != nil {
		return err
	}
	w.entry("TRAILER!!!", 0, 0)
	return w.w.Flush()
}

type cpioWriter struct {
	w *bufio.Writer // keeps the first error
	n int           // number of the entry
}

const ( // the file types in a mode, as struct stat has them
	typeLink = 0o120000
	typeFile = 0o100000
	typeDir  = 0o040000
)

func (w *cpioWriter) file(name, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	perm := uint32(info.Mode().Perm())
	switch info.Mode().Type() {
	case fs.ModeDir:
		w.entry(name, typeDir|perm, 0)
		return nil
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		w.entry(name, typeLink|perm, len(target))
		w.w.WriteString(target)
		w.pad(len(target))
		return nil
	case 0:
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		w.entry(name, typeFile|perm, int(info.Size()))
		if n, err := io.Copy(w.w, f); err != nil || n != info.Size() {
			return fmt.Errorf("%s: %d of %d bytes, %w", path, n, info.Size(), err)
		}
		w.pad(int(info.Size()))
		return nil
	}
	return fmt.Errorf("%s is a %v", path, info.Mode().Type())
}

// entry writes a header. Every file is root's, and none has a second name.
func (w *cpioWriter) entry(name string, mode uint32, size int) {
	w.n++
	fmt.Fprintf(w.w, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		w.n, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name)+1, 0, name)
	w.pad(110 + len(name) + 1)
}

// pad fills up to a multiple of four.
func (w *cpioWriter) pad(n int) {
	w.w.Write(make([]byte, -n&3))
}
