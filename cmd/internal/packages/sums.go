package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// checksums writes SHA256SUMS of all that is portguard's in a directory, as sha256sum -c reads it.
func checksums(dir string) error {
	entries, err := os.ReadDir(dir) // by name
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), "portguard") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// takeAway removes what an earlier run has built in a directory: files of another version, beside those of this one, would be released
// with them. What has changed since is somebody else's.
func takeAway(dir string) error {
	list := filepath.Join(dir, "SHA256SUMS")
	text, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		path := filepath.Join(dir, filepath.Base(name))
		if built, err := os.ReadFile(path); err == nil && fmt.Sprintf("%x", sha256.Sum256(built)) == sum {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return os.Remove(list)
}
