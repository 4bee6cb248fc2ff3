package owner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OnLocalDisk reports whether a path, taken as it is written, is on a file system of this host's own. Whoever opens a file on any other, a
// server's or a program's, may wait for ever; in a thread that waits for a program (FUSE), not even by SIGKILL, so that an exec of the
// whole process would wait as well. Nothing of the file system is asked for the answer.
func OnLocalDisk(path string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && isLocal(fileSystemOf(mounts, path))
}

func isLocal(fileSystem string) bool {
	return slices.Contains([]string{"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "tmpfs", "ramfs", "rootfs", "overlay", "squashfs", "erofs"}, fileSystem)
}

// fileSystemOf is the type of the mount that a path is on: the one nearest to it, and of those at one place the last.
func fileSystemOf(mountinfo []byte, path string) string {
	path = filepath.Clean(path)
	nearest, fileSystem := "", ""
	for line := range strings.Lines(string(mountinfo)) {
		m, kind, ok := parseMount(strings.TrimSuffix(line, "\n"))
		if !ok || len(m.point) < len(nearest) {
			continue
		}
		if m.point == "/" || path == m.point || strings.HasPrefix(path, m.point+"/") {
			nearest, fileSystem = m.point, kind
		}
	}
	return fileSystem
}
