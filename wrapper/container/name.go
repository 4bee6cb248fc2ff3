package container

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/internal/passwd"
	"portguard/netdiag/owner"
	"portguard/netdiag/permit"
)

// Files are what runtimes keep on disk. The zero value is this host's.
type Files struct {
	Root string              // "" for /
	Home func(uint32) string // of a user; nil for what the system says
}

// Name is what people call a container, from the files that its runtime keeps; "" when they do not say, or may not be
// read, which mostly takes uid 0 or its user's own. No daemon is asked.
func (f Files) Name(c Container) string {
	switch c.Runtime {
	case "docker":
		if !isID(c.ID) {
			return ""
		}
		dir := filepath.Join(f.Root, "/var/lib/docker/containers")
		if c.User != 0 {
			dir = filepath.Join(f.home(c.User), ".local/share/docker/containers")
		}
		return dockerName(filepath.Join(dir, c.ID, "config.v2.json"))
	case "podman", "cri-o":
		return f.storageName(c)
	case "lxc", "systemd-nspawn":
		return c.ID
	}
	return ""
}

func (f Files) home(uid uint32) string {
	if f.Home != nil {
		return f.Home(uid)
	}
	u, ok := passwd.ByUID(uid)
	if !ok {
		return "/nonexistent"
	}
	return u.Home
}

// dockerName reads {"Name":"/web", …}.
func dockerName(path string) string {
	var config struct{ Name string }
	if !readJSON(path, &config) {
		return ""
	}
	return strings.TrimPrefix(config.Name, "/")
}

// storageName looks into the lists of containers/storage, one a storage driver, and one more for containers that are
// removed when they end.
func (f Files) storageName(c Container) string {
	dir := filepath.Join(f.Root, "/var/lib/containers/storage")
	if c.User != 0 {
		dir = filepath.Join(f.home(c.User), ".local/share/containers/storage")
	}
	for _, driver := range []string{"overlay", "vfs", "btrfs", "zfs"} {
		for _, list := range []string{"containers.json", "volatile-containers.json"} {
			if name := listedName(filepath.Join(dir, driver+"-containers", list), c.ID); name != "" {
				return name
			}
		}
	}
	return ""
}

// listedName reads [{"id":"3f…","names":["web", …]}, …].
func listedName(path, id string) string {
	var list []struct {
		ID    string   `json:"id"`
		Names []string `json:"names"`
	}
	if !readJSON(path, &list) {
		return ""
	}
	for _, c := range list {
		if c.ID == id && len(c.Names) > 0 {
			return slices.MinFunc(c.Names, func(a, b string) int { return len(a) - len(b) })
		}
	}
	return ""
}

// readJSON reads a regular file of a local file system. Of one in a user's home it is that user who decides what is there: nothing is
// waited for, and no link is followed, which might lead to a server.
func readJSON(path string, into any) bool {
	const limit = 16 << 20
	if !owner.OnLocalDisk(path) || !permit.Syscall(unix.SYS_OPENAT2) {
		return false
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() > limit {
		return false
	}
	text, err := io.ReadAll(io.LimitReader(f, limit))
	return err == nil && json.Unmarshal(text, into) == nil
}
