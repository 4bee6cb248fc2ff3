package sysctld

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"portguard/internal/wholefile"
)

// Config is every file that is applied at boot.
type Config struct {
	// Dropins are the files of the sysctl.d directories in the order of their names, whichever directory they are in.
	Dropins []File
	// Main is /etc/sysctl.conf; without lines where there is none.
	Main File
}

// directories, the strongest first: a file hides those of the same name in the ones behind it.
func directories() []string {
	return []string{"/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"}
}

const mainFile = "/etc/sysctl.conf"

// Read reads the files below a root directory, "/" for the host's own. What does not exist has no settings; a file that
// cannot be read is an error, for any file may have the last word.
func Read(root string) (Config, error) {
	c := Config{Main: File{Path: mainFile}}
	seen := map[string]bool{}
	for _, dir := range directories() {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Config{}, err
		}
		for _, e := range entries {
			if seen[e.Name()] || !strings.HasSuffix(e.Name(), ".conf") || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			seen[e.Name()] = true
			f, err := readFile(root, filepath.Join(dir, e.Name()))
			if err != nil {
				return Config{}, err
			}
			c.Dropins = append(c.Dropins, f)
		}
	}
	slices.SortFunc(c.Dropins, byName)
	var err error
	c.Main, err = readFile(root, mainFile)
	return c, err
}

// byName is the order of both programs: bytes, so capitals before small letters.
func byName(a, b File) int { return cmp.Compare(filepath.Base(a.Path), filepath.Base(b.Path)) }

func readFile(root, name string) (File, error) {
	text, err := wholefile.Read(filepath.Join(root, name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.EISDIR) {
		err = nil // a dangling link, a directory: both programs go on
	}
	return Parse(name, text), err
}

// With is the configuration with one drop-in replaced or added; without it when text is nil.
func (c Config) With(name string, text []byte) Config {
	c.Dropins = slices.DeleteFunc(slices.Clone(c.Dropins), func(f File) bool {
		return filepath.Base(f.Path) == filepath.Base(name)
	})
	if text != nil {
		c.Dropins = append(c.Dropins, Parse(name, text))
		slices.SortFunc(c.Dropins, byName)
	}
	return c
}
