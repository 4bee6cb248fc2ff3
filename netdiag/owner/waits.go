package owner

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxWaiting is how many threads are looked at: what serves with more has one among the first that waits.
const maxWaiting = 64

// Waits reports whether a thread of a process waits for what comes to the socket that the process has at a descriptor, by this one or
// a duplicate of it: in accept(), say, or by epoll. known is false where some thread may do so in a way that does not show, as in poll(), or where all of that is
// closed to us (it takes the rights that the descriptors take).
func (s Scanner) Waits(p Process) (waits, known bool) {
	at, err := s.open(p.PID)
	if err != nil {
		return false, false
	}
	defer closeDir(at.dir)
	socket, ok := socketAt(at, p.FD)
	if !ok {
		return false, false
	}
	task, err := openDir(at.dir, "task")
	if err != nil {
		return false, false
	}
	defer closeDir(task)
	buf := new(scratch)
	tids, err := numbers(task, buf.entries[:])
	if err != nil || p.TID != 0 {
		return false, false
	}
	known = len(tids) > 0 && len(tids) <= maxWaiting
	for _, tid := range tids[:min(len(tids), maxWaiting)] {
		text, _, err := readFile(task, strconv.Itoa(tid)+"/syscall", buf.file[:0], 1<<10)
		if err != nil {
			known = false
			continue
		}
		switch on, fd := parseWait(text); on {
		case waitsForFD:
			if other, ok := socketAt(at, fd); ok && other == socket {
				return true, true
			}
		case waitsByEpoll:
			if parseEpoll(fdinfo(at, place{0, fd}, buf), p.FD, socket) {
				return true, true
			}
		case waitsUnseen:
			known = false
		}
	}
	return false, known
}

// socketAt is the inode of the socket that the process has at a descriptor.
func socketAt(at proc, fd int) (inode uint32, ok bool) {
	link, err := linkAt(at.dir, "fd/"+strconv.Itoa(fd))
	if err != nil {
		return 0, false
	}
	return parseSocketLink([]byte(link))
}

// waitKind is what a thread waits in.
type waitKind uint8

const (
	waitsElsewhere waitKind = iota // it sleeps, or waits for a child, a lock, a file ...
	waitsForFD                     // accept() and its like
	waitsByEpoll
	waitsUnseen // it runs, or waits for descriptors that are listed in its memory
)

// parseWait reads /proc/PID/task/TID/syscall: the number of a system call and its arguments, stack pointer and program counter, or
// "running".
func parseWait(b []byte) (on waitKind, fd int) {
	f := strings.Fields(string(b))
	if len(f) < 9 { // "running", or in no system call: "-1 SP PC"
		return waitsUnseen, -1
	}
	call, err := strconv.Atoi(f[0])
	first, err1 := strconv.ParseUint(f[1], 0, 64)
	stack, err2 := strconv.ParseUint(f[7], 0, 64)
	if err != nil || err1 != nil || err2 != nil || stack>>32 == 0 { // a 32-bit program has other numbers
		return waitsUnseen, -1
	}
	switch call {
	case unix.SYS_ACCEPT, unix.SYS_ACCEPT4, unix.SYS_RECVFROM, unix.SYS_RECVMSG, unix.SYS_RECVMMSG, unix.SYS_READ:
		return waitsForFD, int(int32(first))
	case unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2:
		return waitsByEpoll, int(int32(first))
	case unix.SYS_PPOLL, unix.SYS_PSELECT6, unix.SYS_IO_URING_ENTER, unix.SYS_IO_GETEVENTS, unix.SYS_RESTART_SYSCALL:
		return waitsUnseen, -1
	}
	if on := oldWait(call); on != waitsElsewhere {
		return on, int(int32(first))
	}
	return waitsElsewhere, -1
}

// parseEpoll looks for a socket in the fdinfo of an epoll: "tfd:        5 events:       19 data: 5  pos:0 ino:1d5f sdev:8"
// (fs/eventpoll.c). Before Linux 4.13 it has no inode, and the descriptor is the only sign.
func parseEpoll(b []byte, fd int, inode uint32) bool {
	wanted := []byte(fmt.Sprintf("ino:%x", inode))
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) < 2 || string(f[0]) != "tfd:" {
			continue
		}
		i := slices.IndexFunc(f, func(word []byte) bool { return bytes.HasPrefix(word, []byte("ino:")) })
		if i >= 0 && bytes.Equal(f[i], wanted) || i < 0 && string(f[1]) == strconv.Itoa(fd) {
			return true
		}
	}
	return false
}
