package owner

import (
	"fmt"
	"slices"
)

// Ancestors lists the processes that a process descends from, its parent first, up to the first process of the pid
// namespace. Parents that exit meanwhile are no obstacle. An error comes with those that could be named: errors.Is
// fs.ErrNotExist when the process does not exist, or when /proc hides one of them, other than pid 1, from this user.
func Ancestors(pid int) ([]int, error) {
	sc, err := Scanner{}.scan()
	if err != nil {
		return nil, err
	}
	defer sc.close()

	const tries = 5 // a child is given a new parent when its own exits, and the line changes under our hands
	for try := 1; ; try++ {
		line, settled, err := sc.ancestors(pid)
		switch {
		case err == nil && settled:
			return line, nil
		case try < tries:
		case err == nil:
			return line, fmt.Errorf("process %d: its ancestors keep changing", pid)
		default:
			return line, processError(pid, err)
		}
	}
}

// ancestors walks once. It is not settled when a parent is younger than its child: then it is another process with the
// pid of the parent.
func (sc *scan) ancestors(pid int) (line []int, settled bool, err error) {
	buf := new(scratch)
	child, err := sc.stat(pid, buf)
	for err == nil && child.parent != 0 {
		if slices.Contains(line, child.parent) || child.parent == pid {
			return line, false, nil
		}
		line = append(line, child.parent)
		if child.parent == 1 {
			break // it has none in this pid namespace, and may be hidden (hidepid)
		}
		var parent stat
		if parent, err = sc.stat(child.parent, buf); err == nil && parent.startTicks > child.startTicks {
			return line, false, nil
		}
		child = parent
	}
	return line, err == nil, err
}

func (sc *scan) stat(pid int, buf *scratch) (stat, error) {
	p, err := sc.open(pid)
	if err != nil {
		return stat{}, err
	}
	defer closeDir(p.dir)
	return readStat(p.dir, "stat", buf)
}
