package owner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"portguard/netdiag/permit"
)

// scan is one look at a proc file system.
type scan struct {
	root    int   // the open directory
	foreign error // nil when it is of our own pid namespace
	compare bool  // kcmp(2) may be asked, and means the same processes
	astray  bool  // the paths of cgroups name no units here
}

func (s Scanner) scan() (*scan, error) {
	sc, err := s.unasked()
	if err != nil {
		return nil, err
	}
	sc.foreign, sc.astray = sc.whose(), sc.isAstray()
	sc.compare = sc.foreign == nil && permit.Syscall(unix.SYS_KCMP)
	return sc, nil
}

// unasked is a scan that nothing is known of yet but that its root is a proc file system.
func (s Scanner) unasked() (*scan, error) {
	fd, err := unix.Open(s.root(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, fmt.Errorf("%s: %w", s.root(), ErrNoProc)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.root(), err)
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil || st.Type != unix.PROC_SUPER_MAGIC {
		closeDir(fd)
		return nil, fmt.Errorf("%s: %w", s.root(), ErrNoProc)
	}
	return &scan{root: fd}, nil
}

func (sc *scan) close() { closeDir(sc.root) }

func (sc *scan) link(name string) (string, error) { return linkAt(sc.root, name) }

// initialPIDNamespace is the link of the first pid namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h).
const initialPIDNamespace = "pid:[4026531836]"

// childPIDNamespace asks pid 1 about the namespace of this proc; without the rights to, our own must do.
func (sc *scan) childPIDNamespace() bool {
	ns, err := sc.link("1/ns/pid")
	if err != nil {
		ns, err = sc.link("self/ns/pid")
	}
	return err == nil && ns != initialPIDNamespace
}

// initialUserNamespace is the link of the first user namespace (PROC_USER_INIT_INO in include/linux/proc_ns.h).
const initialUserNamespace = "user:[4026531837]"

// confined: to look into any process takes these rights in the first user namespace.
func (sc *scan) confined() bool {
	ns, err := sc.link("self/ns/user")
	return err == nil && ns != initialUserNamespace && tracesOthers()
}

// vetoed: who has these capabilities in the first user namespace may look into every process, but for what a security module forbids
// (ptrace_may_access, and the modes of /proc/PID).
func (sc *scan) vetoed() bool {
	ns, err := sc.link("self/ns/user")
	return err == nil && ns == initialUserNamespace && tracesOthers() && capable(unix.CAP_DAC_READ_SEARCH)
}

// Missing tells which processes may not show: other users', for a mount option of proc (hidepid), and those outside of its pid
// namespace.
func (s Scanner) Missing() (hidden, outside bool) {
	sc, err := s.scan()
	if err != nil {
		return true, true
	}
	defer sc.close()
	return sc.hidepid(), sc.childPIDNamespace()
}

// proc is one process of a scan. Its directory stays open, so that all that is read is about this process, never about
// a later one with the same pid.
type proc struct {
	pid int
	dir int // /proc/PID
}

// open fails when there is no such process. What may be read of it shows later: O_PATH needs no permission.
func (sc *scan) open(pid int) (proc, error) {
	dir, err := unix.Openat(sc.root, strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return proc{pid, dir}, err
}

// open opens one process that is looked at by itself.
func (s Scanner) open(pid int) (proc, error) {
	sc, err := s.unasked()
	if err != nil {
		return proc{}, err
	}
	defer sc.close()
	return sc.open(pid)
}

// pids lists the processes, in order.
func (sc *scan) pids() ([]int, error) {
	// Not the open root: its offset is shared, and scanning twice would start at the end.
	dir, err := openDir(sc.root, ".")
	if err != nil {
		return nil, err
	}
	defer closeDir(dir)
	return numbers(dir, make([]byte, 32<<10))
}

// workers is how many processes are looked at at once: portguard shares the host with services.
const workers = 4

// survey calls look for every process, a few at a time, and returns the answers in the order of pids. The first error
// ends it.
func survey[T any](ctx context.Context, sc *scan, look func(context.Context, proc, *scratch) (T, error)) ([]T, error) {
	pids, err := sc.pids()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	answers := make([]T, len(pids))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, len(pids)) {
		wg.Go(func() {
			buf := new(scratch)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pids) {
					return
				}
				p, err := sc.open(pids[i])
				if gone(err) {
					continue
				}
				if err == nil {
					answers[i], err = look(ctx, p, buf)
					closeDir(p.dir)
				}
				if err != nil {
					cancel(fmt.Errorf("process %d: %w", pids[i], err))
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return answers, nil
}
