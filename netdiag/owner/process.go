package owner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxArgs is how much of a command line is read; the kernel allows 6 MiB and more.
const maxArgs = 128 << 10

// Process reads the details of one process; FD is -1. fs.ErrNotExist says that there is none with this pid, or none
// that this user may see.
func (s Scanner) Process(pid int) (Process, error) {
	sc, err := s.scan()
	if err != nil {
		return Process{}, err
	}
	defer sc.close()
	p, err := sc.open(pid)
	if err != nil {
		return Process{}, processError(pid, err)
	}
	defer closeDir(p.dir)
	process, err := sc.readProcess(p, new(scratch))
	if err != nil {
		return Process{}, processError(pid, err)
	}
	return userNames{}.at(process, place{fd: -1}), nil
}

// Named is the process in a sentence: "java (pid 1988719)". Like Command it is as it came, and not safe to print.
func (p Process) Named() string { return fmt.Sprintf("%s (pid %d)", p.Command, p.PID) }

// Dir is the working directory of a process, "" where this user may not know it.
func (s Scanner) Dir(pid int) string {
	dir, err := linkAt(unix.AT_FDCWD, fmt.Sprintf("%s/%d/cwd", s.root(), pid))
	if err != nil {
		return ""
	}
	return dir
}

// processError makes ESRCH, which a process that ends while it is read gives, the error that one gone before gives.
func processError(pid int, err error) error {
	if gone(err) {
		err = fs.ErrNotExist
	}
	return fmt.Errorf("process %d: %w", pid, err)
}

// readProcess reads the details of a process but its user's name. What this user may not read stays empty; errors are
// gone, or that the kernel could not answer.
func (sc *scan) readProcess(p proc, buf *scratch) (Process, error) {
	st, err := readStat(p.dir, "stat", buf.file[:])
	if err != nil {
		return Process{}, err
	}
	started, err := startTime(st.StartTicks)
	if err != nil {
		return Process{}, err
	}
	process := Process{
		PID:        p.pid,
		Command:    st.Command,
		Started:    started,
		StartTicks: st.StartTicks,
		Parent:     st.Parent,
		Zombie:     st.Zombie(),
	}
	alive := 0 // the thread that still has the program: an exited main thread has let go of it
	if st.Zombie() {
		alive = livingThread(p, buf)
	}
	if process.Exe, err = linkAt(p.dir, under(alive, "exe")); err == nil {
		process.Exe, process.Deleted = strings.CutSuffix(process.Exe, " (deleted)")
		process.Program, _ = programAt(p.dir, under(alive, "exe")) // what may not be read stays empty
	}

	status, _, err := readFile(p.dir, "status", buf.file[:0], 64<<10)
	if err != nil {
		return Process{}, err
	}
	if process.UID, err = parseEffectiveUID(status); err != nil {
		return Process{}, err
	}
	process.InnerPID = parseInnerPID(status, p.pid)
	process.Condition = parseCondition(status)
	cmdline, cut, err := readFile(p.dir, under(alive, "cmdline"), buf.file[:0], maxArgs)
	if gone(err) {
		return Process{}, err
	}
	process.Args, process.ArgsCut = parseCmdline(cmdline), cut
	cgroup, _, err := readFile(p.dir, "cgroup", buf.file[:0], 1<<20)
	if gone(err) && !errors.Is(err, unix.ENOENT) { // ENOENT: a kernel without cgroups
		return Process{}, err
	}
	process.Cgroup, process.OtherCgroups = sc.place(parseCgroup(cgroup)), parseOtherCgroups(cgroup)
	if process.Condition.State == 'D' {
		mounts, _ := os.ReadFile("/proc/self/mountinfo")
		process.Condition.Frozen = frozenBy(cgroup, mounts)
	}
	return process, nil
}

// livingThread finds a thread that has not exited; 0 when there is none.
func livingThread(p proc, buf *scratch) int {
	task, err := openDir(p.dir, "task")
	if err != nil {
		return 0
	}
	defer closeDir(task)
	tids, err := numbers(task, buf.entries[:])
	if err != nil {
		return 0
	}
	for _, tid := range tids {
		if st, err := readStat(p.dir, under(tid, "stat"), buf.file[:]); err == nil && !st.Zombie() {
			return tid
		}
	}
	return 0
}

// linkAt reads a link of any length below PATH_MAX, as an executable's.
func linkAt(dir int, name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, buf)
	return string(buf[:max(n, 0)]), err
}

// tick is the unit of times in /proc/PID/stat: USER_HZ is 100 on every architecture that Go knows.
const tick = 10 * time.Millisecond

// startTime counts from now backwards: the clock may have been set since boot, which /proc/stat's btime keeps.
func startTime(ticks uint64) (time.Time, error) {
	var uptime unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &uptime); err != nil {
		return time.Time{}, os.NewSyscallError("clock_gettime", err)
	}
	age := time.Duration(uptime.Nano()) - time.Duration(ticks)*tick
	return time.Now().Add(-age).Round(tick), nil
}

// userNames remembers the names of one search.
type userNames map[uint32]userName

// at completes a process: whose it is, and where it has the socket. Whose descriptors could be read is no stranger to our user
// namespace: not even its root may read those of a user that it has no number for.
func (names userNames) at(p Process, at place) Process {
	u, ok := names[p.UID]
	if !ok {
		u = lookupUser(p.UID)
		names[p.UID] = u
	}
	p.UserUnknown = !u.known && (at.fd < 0 || !u.has)
	if p.TID, p.FD = at.tid, at.fd; !p.UserUnknown {
		p.User = u.name
	}
	return p
}
