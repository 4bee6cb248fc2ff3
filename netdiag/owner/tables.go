package owner

import (
	"context"

	"golang.org/x/sys/unix"
)

// place is a descriptor: its number, and the thread whose own table it is in, or 0 for the process's table.
type place struct{ tid, fd int }

// tables calls visit for every descriptor of the process: of its table and of those that threads have for themselves.
// link is valid during the visit only. readable is false when a table was closed to us.
func (sc *scan) tables(ctx context.Context, p proc, buf *scratch, visit func(at place, link []byte)) (readable bool, err error) {
	readable, err = table(ctx, p, 0, buf, visit)
	if err != nil {
		return false, err
	}
	if !readable {
		st, err := readStat(p.dir, "stat", buf.file[:])
		if gone(err) || err == nil && (st.kernelThread() || st.Threads <= 1 && st.Zombie()) {
			return true, nil // there is nothing to read
		}
		if err != nil || !st.Zombie() {
			return false, nil
		}
		readable = true // an exited main thread has no files; the others decide
	}
	threads, err := sc.ownTables(p, buf)
	if err != nil {
		return false, err
	}
	for _, tid := range threads {
		ok, err := table(ctx, p, tid, buf, visit)
		if err != nil {
			return false, err
		}
		readable = readable && ok
	}
	return readable, nil
}

// table visits one descriptor table; tid 0 is the process's.
func table(ctx context.Context, p proc, tid int, buf *scratch, visit func(at place, link []byte)) (readable bool, err error) {
	fds, err := openDir(p.dir, under(tid, "fd"))
	switch {
	case gone(err):
		return true, nil
	case denied(err):
		return false, nil
	case err != nil:
		return false, err
	}
	defer closeDir(fds)

	err = eachEntry(fds, buf.entries[:], func(e dirent) error {
		fd, ok := e.number()
		if !ok {
			return nil
		}
		link, err := readLink(fds, e.cname, buf.link[:])
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		visit(place{tid, fd}, link)
		return ctx.Err()
	})
	switch {
	case err == nil || gone(err):
		return true, nil
	case denied(err): // CAP_DAC_READ_SEARCH opens the directory, the links still need ptrace rights
		return false, nil
	}
	return false, err
}

// kcmpFiles is KCMP_FILES of include/uapi/linux/kcmp.h.
const kcmpFiles = 2

// ownTables lists one thread for each descriptor table other than the process's. Where kcmp(2) cannot tell (it needs
// CONFIG_KCMP, and container runtimes filter it), that is every thread: the same descriptors again, which costs time only.
func (sc *scan) ownTables(p proc, buf *scratch) ([]int, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(p.dir, "task", &st, 0); err != nil {
		return nil, orGone(err)
	}
	if st.Nlink <= 3 { // 2, as every directory has, and one a thread
		return nil, nil
	}
	task, err := openDir(p.dir, "task")
	if err != nil {
		return nil, orGone(err)
	}
	defer closeDir(task)
	tids, err := numbers(task, buf.entries[:])
	if err != nil {
		return nil, orGone(err)
	}

	var own []int
	known := []int{p.pid}
	for _, tid := range tids {
		if tid == p.pid || sc.compare && sharesTable(tid, known) {
			continue
		}
		known = append(known, tid)
		own = append(own, tid)
	}
	return own, nil
}

// sharesTable reports whether a thread has the same table as one of others, as far as the kernel tells.
func sharesTable(tid int, others []int) bool {
	for _, other := range others {
		order, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(other), uintptr(tid), kcmpFiles, 0, 0, 0)
		if errno == 0 && order == 0 {
			return true
		}
	}
	return false
}

func orGone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}
