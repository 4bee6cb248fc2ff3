package owner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// CgroupPath names the cgroup that a socket was created in: id is INET_DIAG_CGROUP_ID, the inode of the directory in
// the cgroup v2 hierarchy. The path is that of /proc/PID/cgroup, "/" for the root.
//
// With CAP_DAC_READ_SEARCH the kernel is asked (Linux 5.5); otherwise the hierarchy is searched, up to 50,000
// directories: a caller with many sockets does well to remember the answers. ErrNoCgroup when no cgroup has this id;
// errors.ErrUnsupported where no cgroup v2 hierarchy is mounted.
func CgroupPath(id uint64) (string, error) {
	sc, err := Scanner{}.scan()
	if err != nil {
		return "", err
	}
	defer sc.close()
	text, _, err := readFile(sc.root, "self/mountinfo", nil, 64<<20)
	if err != nil {
		return "", err
	}
	mount, ok := cgroup2Mount(text)
	if !ok {
		return "", fmt.Errorf("cgroup %d: no cgroup v2 hierarchy is mounted: %w", id, errors.ErrUnsupported)
	}
	path, err := sc.findCgroup(mount, id)
	if err != nil {
		return "", fmt.Errorf("cgroup %d: %w", id, err)
	}
	return path, nil
}

// Cgroup is the path of a process's cgroup as Process has it, which takes longer.
func (s Scanner) Cgroup(pid int) (string, error) {
	root, err := openDir(unix.AT_FDCWD, s.root())
	if err != nil {
		return "", err
	}
	sc := &scan{root: root}
	defer sc.close()
	text, _, err := readFile(sc.root, fmt.Sprintf("%d/cgroup", pid), nil, 1<<20)
	if err != nil {
		return "", processError(pid, err)
	}
	sc.astray = sc.isAstray()
	return sc.place(parseCgroup(text)), nil
}

// mount is where a cgroup hierarchy is mounted.
type mount struct {
	root  string // what of the hierarchy is there; "/" for all that our cgroup namespace has
	point string
}

// findCgroup asks the kernel, and searches when it may not.
func (sc *scan) findCgroup(m mount, id uint64) (string, error) {
	top, err := unix.Open(m.point, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open %s: %w", m.point, err)
	}
	defer closeDir(top)
	below, err := sc.cgroupByHandle(top, m.point, id)
	if errors.Is(err, unix.EPERM) || errors.Is(err, errors.ErrUnsupported) {
		below, err = searchCgroup(top, id)
	}
	if err != nil {
		return "", err
	}
	if path := strings.TrimSuffix(m.root, "/") + below; path != "" {
		return sc.place(path), nil
	}
	return "/", nil
}

// cgroupByHandle opens the cgroup by its id and returns where it is below the mount point: "" or "/some/path".
func (sc *scan) cgroupByHandle(top int, point string, id uint64) (string, error) {
	const fileidKernfs = 0xfe // FILEID_KERNFS of include/linux/exportfs.h: the handle is the id
	handle := unix.NewFileHandle(fileidKernfs, binary.NativeEndian.AppendUint64(nil, id))
	if !permit.Syscall(unix.SYS_OPEN_BY_HANDLE_AT) {
		return "", unix.EPERM
	}
	fd, err := unix.OpenByHandleAt(top, handle, unix.O_PATH|unix.O_CLOEXEC)
	if errors.Is(err, unix.ESTALE) {
		return "", ErrNoCgroup
	}
	if err != nil {
		return "", os.NewSyscallError("open_by_handle_at", err)
	}
	defer closeDir(fd)
	path, err := sc.link("self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return "", err
	}
	below, ok := strings.CutPrefix(path, strings.TrimSuffix(point, "/"))
	if !ok || strings.HasSuffix(below, " (deleted)") {
		return "", ErrNoCgroup // "(unreachable)": it is not below what is mounted here
	}
	return strings.TrimSuffix(below, "/"), nil
}

// maxCgroups bounds a search; a host with a thousand containers has some 10,000.
const maxCgroups = 50_000

// searchCgroup looks for the directory with inode id, nearest to top first.
func searchCgroup(top int, id uint64) (string, error) {
	var st unix.Stat_t
	if err := unix.Fstat(top, &st); err != nil {
		return "", os.NewSyscallError("fstat", err)
	}
	if st.Ino == id {
		return "", nil
	}
	buf := make([]byte, 32<<10)
	queue, closed := []string{""}, 0
	for i := 0; i < len(queue); i++ {
		dir, err := openDir(top, "."+queue[i])
		switch {
		case gone(err):
			continue
		case denied(err):
			closed++
			continue
		case err != nil:
			return "", err
		}
		const hit Error = "found"
		at := ""
		err = eachEntry(dir, buf, func(e dirent) error {
			if name := string(e.name()); e.kind == unix.DT_DIR && name != "." && name != ".." {
				at = queue[i] + "/" + name
				if queue = append(queue, at); e.ino == id {
					return hit
				}
			}
			return nil
		})
		closeDir(dir)
		switch {
		case err == hit:
			return at, nil
		case err != nil && !gone(err):
			return "", err
		case len(queue) > maxCgroups:
			return "", fmt.Errorf("not among the first %d cgroups, and there are more", maxCgroups)
		}
	}
	if closed > 0 {
		return "", fmt.Errorf("%d cgroups could not be searched: %w", closed, unix.EACCES)
	}
	return "", ErrNoCgroup
}
