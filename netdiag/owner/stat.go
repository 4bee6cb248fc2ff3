package owner

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Stat is what we use of /proc/PID/stat (do_task_stat in fs/proc/array.c).
type Stat struct {
	PID        int
	Command    string // the kernel's name of the main thread; any byte but NUL may be in it
	State      byte   // 'R', 'S', 'T' ... as ps(1) has it
	Parent     int    // 0: none in this pid namespace
	Flags      uint64 // PF_ of include/linux/sched.h
	Threads    int
	StartTicks uint64 // in units of 10 ms since boot
}

// Zombie reports whether the main thread has exited. Other threads may live on.
func (st Stat) Zombie() bool { return st.State == 'Z' || st.State == 'X' }

// ID is the process's name for ever.
func (st Stat) ID() ID { return ID{st.PID, st.StartTicks} }

func (st Stat) kernelThread() bool {
	const pfKthread = 0x00200000 // PF_KTHREAD
	return st.Flags&pfKthread != 0
}

// Stat reads one process. fs.ErrNotExist says that there is none with this pid, or none that this user may see.
func (s Scanner) Stat(pid int) (Stat, error) {
	st, err := readStat(unix.AT_FDCWD, fmt.Sprintf("%s/%d/stat", s.root(), pid), make([]byte, 1<<10))
	if err != nil {
		return Stat{}, processError(pid, err)
	}
	return st, nil
}

// Stats reads every process that shows. One that ends meanwhile is left out.
func (s Scanner) Stats() ([]Stat, error) {
	sc, err := s.scan()
	if err != nil {
		return nil, err
	}
	defer sc.close()
	pids, err := sc.pids()
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 1<<10)
	all := make([]Stat, 0, len(pids))
	for _, pid := range pids {
		if st, err := sc.stat(pid, buf); err == nil {
			all = append(all, st)
		}
	}
	return all, nil
}

func (sc *scan) stat(pid int, buf []byte) (Stat, error) {
	p, err := sc.open(pid)
	if err != nil {
		return Stat{}, err
	}
	defer closeDir(p.dir)
	return readStat(p.dir, "stat", buf)
}

func readStat(dir int, name string, buf []byte) (Stat, error) {
	b, _, err := readFile(dir, name, buf[:0], 64<<10)
	if err != nil {
		return Stat{}, err
	}
	return parseStat(b)
}

// parseStat reads /proc/PID/stat. The command may have any byte in it, so it ends at the last parenthesis.
func parseStat(b []byte) (Stat, error) {
	begin, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if begin < 0 || end < begin {
		return Stat{}, errors.New("stat: no command in parentheses")
	}
	const first = 3 // proc(5) numbers the fields from 1; the state is the third
	fields := strings.Fields(string(b[end+1:]))
	if len(fields) <= 22-first || len(fields[0]) != 1 {
		return Stat{}, fmt.Errorf("stat: %d fields after the command", len(fields))
	}
	st := Stat{Command: string(b[begin+1 : end]), State: fields[0][0]}
	var errs [5]error
	st.PID, errs[0] = strconv.Atoi(string(bytes.TrimSpace(b[:begin])))
	st.Parent, errs[1] = strconv.Atoi(fields[4-first])
	st.Flags, errs[2] = strconv.ParseUint(fields[9-first], 10, 64)
	st.Threads, errs[3] = strconv.Atoi(fields[20-first])
	st.StartTicks, errs[4] = strconv.ParseUint(fields[22-first], 10, 64)
	if err := errors.Join(errs[:]...); err != nil {
		return Stat{}, fmt.Errorf("stat: %w", err)
	}
	return st, nil
}
