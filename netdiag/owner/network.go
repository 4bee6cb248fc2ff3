package owner

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Networks lists the network namespaces that a process has to do with, other than ours: those that it and its children are
// in, and those that it has open. Each is its inode, which no other namespace has while it exists. What may not be read is
// left out.
func (s Scanner) Networks(pid int) []uint64 {
	sc, err := s.scan()
	if err != nil {
		return nil
	}
	defer sc.close()
	p, err := sc.open(pid)
	if err != nil {
		return nil
	}
	defer closeDir(p.dir)
	ours, _ := namespaceAt(sc.root, "thread-self/ns/net")
	var all []uint64
	add := func(dir int, name string) {
		if ns, ok := namespaceAt(dir, name); ok && ns != ours && !slices.Contains(all, ns) {
			all = append(all, ns)
		}
	}
	add(p.dir, "ns/net")
	for _, child := range children(p) {
		add(sc.root, strconv.Itoa(child)+"/ns/net")
	}
	table, err := openDir(p.dir, "fd")
	if err != nil {
		return all
	}
	defer closeDir(table)
	fds, err := numbers(table, make([]byte, 32<<10))
	if err != nil {
		return all
	}
	const most = 4096 // it has been open since the beginning, and so has a low number
	for _, fd := range fds[:min(len(fds), most)] {
		// To look behind a link may take for ever, where a file server does not answer: only links that are called so.
		if name := strconv.Itoa(fd); mayBeNetwork(linkOf(table, name)) {
			add(table, name)
		}
	}
	return all
}

// mayBeNetwork: a namespace that is mounted somewhere shows by the name of the mount point.
func mayBeNetwork(link string) bool {
	return strings.HasPrefix(link, "net:[") || strings.Contains(link, "netns")
}

func linkOf(dir int, name string) string {
	link, err := linkAt(dir, name)
	if err != nil {
		return ""
	}
	return link
}

// namespaceAt is the inode of what a link leads to, when that is a namespace.
func namespaceAt(dir int, name string) (uint64, bool) {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer closeDir(fd)
	var fs unix.Statfs_t
	var st unix.Stat_t
	if unix.Fstatfs(fd, &fs) != nil || fs.Type != unix.NSFS_MAGIC || unix.Fstat(fd, &st) != nil {
		return 0, false
	}
	return st.Ino, true
}

// children lists the processes that a process has started, where the kernel tells (CONFIG_PROC_CHILDREN).
func children(p proc) []int {
	task, err := openDir(p.dir, "task")
	if err != nil {
		return nil
	}
	defer closeDir(task)
	tids, err := numbers(task, make([]byte, 32<<10))
	if err != nil {
		return nil
	}
	var all []int
	for _, tid := range tids {
		text, _, err := readFile(task, strconv.Itoa(tid)+"/children", nil, 1<<20)
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil {
				all = append(all, pid)
			}
		}
	}
	return all
}

// InNetwork lists the processes whose network namespace has this inode, ordered by pid; those that this user may not ask
// are left out.
func (s Scanner) InNetwork(ctx context.Context, ns uint64) ([]Process, error) {
	sc, err := s.scan()
	if err != nil {
		return nil, err
	}
	defer sc.close()
	answers, err := survey(ctx, sc, func(_ context.Context, p proc, buf *scratch) (*Process, error) {
		if at, ok := namespaceAt(p.dir, "ns/net"); !ok || at != ns {
			return nil, nil
		}
		process, err := sc.readProcess(p, buf)
		if gone(err) {
			return nil, nil
		}
		return &process, err
	})
	if err != nil {
		return nil, err
	}
	var all []Process
	names := userNames{}
	for _, p := range answers {
		if p != nil {
			all = append(all, names.at(*p, place{fd: -1}))
		}
	}
	return all, nil
}

// Links are what some descriptors of a process lead to: "/tmp/log", "socket:[17232]". "" for one that may not be read.
func (s Scanner) Links(pid int, fds ...int) []string {
	links := make([]string, len(fds))
	for i, fd := range fds {
		links[i], _ = os.Readlink(s.root() + "/" + strconv.Itoa(pid) + "/fd/" + strconv.Itoa(fd))
	}
	return links
}
