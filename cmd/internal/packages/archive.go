package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// below is what is in a release archive: a tree that goes as it is below /usr/local, where all who look for such files do.
func below(arch string) []file {
	const doc = "share/doc/portguard/"
	return []file{
		{to: "bin/portguard", from: "made:bin/" + arch + "/portguard", mode: 0o755},
		{to: "share/man/man1/", from: "made:man/*", gzip: true},
		{to: "share/bash-completion/completions/portguard", from: "made:completion/bash"},
		{to: "share/zsh/site-functions/_portguard", from: "made:completion/zsh"},
		{to: "share/fish/vendor_completions.d/portguard.fish", from: "made:completion/fish"},
		{to: doc, from: "*.md"},
		{to: doc + "docs/", from: "docs/..."},
		{to: doc + "findings/", from: "findings/..."},
		{to: doc, from: "LICENSE"},
		{to: doc, from: "made:THIRD-PARTY"},
	}
}

// archive makes the release archive of an architecture, for who wants no package.
func (b *build) archive(out, format, arch string) error {
	dir := b.path("stage", format, arch)
	paths, err := b.stage(dir, below(arch))
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(out, b.released(arch)+"."+format))
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w := tar.NewWriter(z)
	for _, p := range paths {
		if err := add(w, dir, p); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Close(), z.Close(), f.Close())
}

// add puts a file into an archive, and not its directories: unpacked over others of that name, they would change them.
func add(w *tar.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime(), Uname: "root", Gname: "root"}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

// released is the name of what is released for an architecture, without its ending.
func (b *build) released(arch string) string {
	return "portguard_" + b.archiveVersion() + "_linux_" + arch
}

func (b *build) archiveVersion() string { return packageVersion("tar.gz", b.info.Main.Version, b.date) }
