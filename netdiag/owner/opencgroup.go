package owner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// OpenCgroup opens the directory of a cgroup that CgroupPath has named.
func OpenCgroup(path string) (*os.File, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	m, ok := cgroup2Mount(text)
	below, within := strings.CutPrefix(strings.TrimPrefix(path, lost), strings.TrimSuffix(m.root, "/"))
	if !ok || !within {
		return nil, fmt.Errorf("cgroup %s is not mounted here: %w", path, errors.ErrUnsupported)
	}
	return os.Open(filepath.Join(m.point, below))
}
