package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// sample is what a process has at a moment.
type sample struct {
	at      time.Time
	rss     int // KiB
	fds     int
	threads int
	cpu     time.Duration // since its start, without its children
}

// take looks at a process. It fails for one that has ended.
func take(pid int) (sample, error) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	status, err1 := os.ReadFile(dir + "status")
	stat, err2 := os.ReadFile(dir + "stat")
	fds, err3 := os.ReadDir(dir + "fd")
	if err := errors.Join(err1, err2, err3); err != nil {
		return sample{}, err
	}
	s := sample{at: time.Now(), fds: len(fds)}
	var err error
	if s.rss, err = field(string(status), "VmRSS:"); err != nil {
		return sample{}, err
	}
	if s.threads, err = field(string(status), "Threads:"); err != nil {
		return sample{}, err
	}
	s.cpu, err = parseCPU(string(stat))
	return s, err
}

// field is a number of /proc/PID/status. A zombie has no memory.
func field(status, name string) (int, error) {
	_, rest, found := strings.Cut(status, "\n"+name)
	words := strings.Fields(rest)
	if !found || len(words) == 0 {
		return 0, fmt.Errorf("the process has ended: it has no %s", strings.TrimSuffix(name, ":"))
	}
	return strconv.Atoi(words[0])
}

// parseCPU adds up utime and stime of /proc/PID/stat: the 14th and the 15th field. The second is in parentheses and may
// contain anything.
func parseCPU(stat string) (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat: %q", stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}
