package supervise

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"portguard/netdiag/pidfd"
)

// stat is what /proc/PID/stat says of a process, as far as it is needed here. pid and start together name it for ever.
type stat struct {
	pid, parent int
	zombie      bool
	start       uint64 // in units of 10 ms since boot
}

// parseStat reads the text of /proc/PID/stat, see proc(5). The name in it may have any byte, parentheses included.
func parseStat(text []byte) (stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return stat{}, fmt.Errorf("no name in parentheses in %q", text)
	}
	fields := bytes.Fields(text[end+1:])
	const state, parent, start = 0, 1, 19 // fields 3, 4 and 22 of proc(5)
	if len(fields) <= start || len(fields[state]) != 1 {
		return stat{}, fmt.Errorf("fields are missing in %q", text)
	}
	pid, err1 := strconv.Atoi(string(bytes.TrimSpace(text[:open])))
	ppid, err2 := strconv.Atoi(string(fields[parent]))
	began, err3 := strconv.ParseUint(string(fields[start]), 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return stat{}, err
	}
	return stat{pid: pid, parent: ppid, zombie: fields[state][0] == 'Z', start: began}, nil
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(text)
}

// everyProcess reads those that show. One that ends meanwhile is left out.
func everyProcess() ([]stat, error) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := make([]stat, 0, len(names))
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil {
			if s, err := parseStat(text); err == nil {
				all = append(all, s)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no process shows in /proc")
	}
	return all, nil
}

// below are the processes that descend from pid, but for strangers and what descends from them.
func below(pid int, all []stat, strangers map[stat]bool) []stat {
	children := map[int][]stat{}
	for _, s := range all {
		children[s.parent] = append(children[s.parent], s)
	}
	var found []stat
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, s := range children[next[0]] {
			if !strangers[s.identity()] {
				found = append(found, s)
				next = append(next, s.pid)
			}
		}
	}
	return found
}

// identity is what does not change as long as the process lives.
func (s stat) identity() stat { return stat{pid: s.pid, start: s.start} }

// childrenNow are the children that a process has already, which are no business of the service's.
func childrenNow() map[stat]bool {
	found := map[stat]bool{}
	if childless() {
		return found
	}
	all, err := everyProcess()
	if err != nil {
		return found
	}
	for _, s := range all {
		if s.parent == os.Getpid() {
			found[s.identity()] = true
		}
	}
	return found
}

// childless reports whether this process has no child, and so, as a subreaper, nothing below it. It costs less than to look.
func childless() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// family are the living processes below this one, without those that it had before.
func family(strangers map[stat]bool) ([]stat, error) {
	if childless() {
		return nil, nil
	}
	all, err := everyProcess()
	if err != nil {
		return nil, err
	}
	var living []stat
	for _, s := range below(os.Getpid(), all, strangers) {
		if !s.zombie {
			living = append(living, s)
		}
	}
	return living, nil
}

// signalProcess sends a signal to exactly this process, which may have ended.
func signalProcess(s stat, sig unix.Signal) {
	p, err := pidfd.Open(s.pid)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		if now, err := readStat(s.pid); err == nil && now.identity() == s.identity() {
			_ = unix.Kill(s.pid, sig) // it may have ended
		}
		return
	case err != nil:
		return
	}
	defer p.Close()
	if now, err := readStat(s.pid); err == nil && now.identity() == s.identity() {
		_ = p.Signal(sig) // it may have ended
	}
}
