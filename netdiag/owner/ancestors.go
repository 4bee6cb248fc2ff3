package owner

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"portguard/netdiag/pidfd"
)

// Ancestors lists the processes that a process descends from, its parent first, up to the first process of the pid
// namespace. Parents that exit meanwhile are no obstacle. An error comes with those that could be named: errors.Is
// fs.ErrNotExist when the process does not exist, and fs.ErrPermission when /proc hides one of them, other than pid 1, from
// this user, and the kernel does not tell its parent in another way either (before Linux 6.13).
func Ancestors(pid int) ([]int, error) {
	sc, err := Scanner{}.scan()
	if err != nil {
		return nil, err
	}
	defer sc.close()

	const tries = 5 // a child is given a new parent when its own exits, and the line changes under our hands
	var before []int
	for try := 1; ; try++ {
		line, err := sc.ancestors(pid)
		// A pid may be another process's by the time that it is looked at. But who is a parent in both walks was one in
		// between, when its own parent was read.
		if err == nil && try > 1 && slices.Equal(line, before) {
			return line, nil
		}
		switch {
		case try < tries:
		case err == nil:
			return line, fmt.Errorf("process %d: its ancestors keep changing", pid)
		default:
			return line, err
		}
		before = nil
		if err == nil {
			before = line
		}
	}
}

// ancestors walks once.
func (sc *scan) ancestors(pid int) (line []int, err error) {
	buf := new(scratch)
	for {
		parent, err := sc.parent(pid, buf)
		if err != nil || parent == 0 || slices.Contains(line, parent) {
			return line, err
		}
		line = append(line, parent)
		if parent == 1 {
			return line, nil // it has none in this pid namespace, and may be hidden (hidepid)
		}
		pid = parent
	}
}

// parent asks /proc, and the kernel by the pid where /proc hides the process.
func (sc *scan) parent(pid int, buf *scratch) (int, error) {
	st, err := sc.stat(pid, buf.file[:])
	if err == nil {
		return st.Parent, nil
	}
	if sc.foreign != nil {
		return 0, processError(pid, err)
	}
	p, openErr := pidfd.Open(pid)
	if openErr != nil {
		return 0, processError(pid, err)
	}
	defer p.Close()
	parent, err := p.Parent()
	if errors.Is(err, errors.ErrUnsupported) {
		return 0, fmt.Errorf("/proc hides process %d from this user, and before Linux 6.13 nothing else tells its parent: %w", pid, fs.ErrPermission)
	}
	if err != nil {
		return 0, processError(pid, err)
	}
	return parent, nil
}
