package hold

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// Room is the limit on open files. Every port that is held takes a descriptor, and there may be more ports than descriptors:
// what does not fit is tried all the same, and not held.
type Room struct{ limit int }

// RoomNow is the limit of this process, whose soft limit the Go runtime has raised to the hard one.
func RoomNow() Room {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return Room{math.MaxInt32}
	}
	return Room{int(min(l.Cur, math.MaxInt32))}
}

// Allows reports whether a socket that only holds a port may have this descriptor. As the kernel gives the lowest that is
// free, a high one tells that few are left, and they are needed to ask the kernel, to read /proc and to act. Two of them are the
// Go runtime's own, which ends the program with a trace when a first timer finds none for its poller.
func (r Room) Allows(fd int) bool {
	const fewest, enough = 4, 64
	return fd < r.limit-max(fewest, min(enough, r.limit/8))
}

// Widen makes room for the sockets of n ports and their placeholders at once, by a moment's duplicate of fd. The kernel grows the
// table of descriptors when it is full, and waits each time until every processor has looked up from it, where there are threads
// (synchronize_rcu in expand_fdtable, fs/file.c): milliseconds, five times for some thousand ports. Up to a thousand there is room from the
// start (spread in wrapper/become), and this does nothing.
func (r Room) Widen(fd, n int) {
	const few, others = 64, 16 // a table has room for few by itself; others are our own: standard files, netlink, epoll
	if n < few {
		return
	}
	most, from := r.forService(n)
	if last, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, min(max(from+most, n)+others, r.limit)-1); err == nil {
		unix.Close(last)
	}
}

// forService is how many of n placeholders go into the service, and from which descriptor up. A few go well above what a
// service expects to find. Many would be in its way there: what it may open ends at its soft limit, which is 1024 as a rule,
// and at least half of all that there is are left to it.
func (r Room) forService(n int) (most, from int) {
	const few, aboveFew, usualSoftLimit = 100, 100, 1024
	most = min(n, r.limit/2)
	if n <= few {
		return most, aboveFew
	}
	return most, min(usualSoftLimit, r.limit-most)
}

// refuse gives up a placeholder for which there is no room.
func (r Room) refuse(p *Placeholder) {
	p.drop()
	p.NoRoom = true
	p.Why = fmt.Sprintf("the limit on open files is %d (ulimit -n; LimitNOFILE= in a unit)", r.limit)
}

// EnoughFiles checks the limit on open files, which Go has raised as far as it may be, before that many sockets are made.
func EnoughFiles(sockets int) error {
	const others = 16 // our own: standard files, netlink, epoll
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	if uint64(sockets+others) > limit.Cur {
		return fmt.Errorf("%d open files are needed (one for each port, and %d), and the limit is %d (ulimit -n; LimitNOFILE= in a unit)", sockets+others, others, limit.Cur)
	}
	return nil
}
