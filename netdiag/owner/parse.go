package owner

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// stat is what we use of /proc/PID/stat (do_task_stat in fs/proc/array.c).
type stat struct {
	command    string
	state      byte
	parent     int // 0: none in this pid namespace
	flags      uint64
	threads    int
	startTicks uint64
}

func (st stat) zombie() bool { return st.state == 'Z' || st.state == 'X' }

func (st stat) kernelThread() bool {
	const pfKthread = 0x00200000 // PF_KTHREAD of include/linux/sched.h
	return st.flags&pfKthread != 0
}

// parseStat reads /proc/PID/stat. The command may have any byte in it, so it ends at the last parenthesis.
func parseStat(b []byte) (stat, error) {
	begin, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if begin < 0 || end < begin {
		return stat{}, errors.New("stat: no command in parentheses")
	}
	const first = 3 // proc(5) numbers the fields from 1; the state is the third
	fields := strings.Fields(string(b[end+1:]))
	if len(fields) <= 22-first || len(fields[0]) != 1 {
		return stat{}, fmt.Errorf("stat: %d fields after the command", len(fields))
	}
	st := stat{command: string(b[begin+1 : end]), state: fields[0][0]}
	var errs [4]error
	st.parent, errs[0] = strconv.Atoi(fields[4-first])
	st.flags, errs[1] = strconv.ParseUint(fields[9-first], 10, 64)
	st.threads, errs[2] = strconv.Atoi(fields[20-first])
	st.startTicks, errs[3] = strconv.ParseUint(fields[22-first], 10, 64)
	if err := errors.Join(errs[:]...); err != nil {
		return stat{}, fmt.Errorf("stat: %w", err)
	}
	return st, nil
}

// parseEffectiveUID reads the second number of the Uid line of /proc/PID/status. The kernel escapes line ends in the
// command, which comes first.
func parseEffectiveUID(b []byte) (uint32, error) {
	for line := range bytes.Lines(b) {
		rest, ok := bytes.CutPrefix(line, []byte("Uid:"))
		if !ok {
			continue
		}
		ids := strings.Fields(string(rest))
		if len(ids) != 4 {
			return 0, fmt.Errorf("status: Uid line of %d numbers", len(ids))
		}
		uid, err := strconv.ParseUint(ids[1], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("status: %w", err)
		}
		return uint32(uid), nil
	}
	return 0, errors.New("status: no Uid line")
}

// parseCmdline splits /proc/PID/cmdline, in which every argument ends with NUL.
func parseCmdline(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\x00")
}

// parseCgroup picks from /proc/PID/cgroup the path that says most of unit and container. That is systemd's own
// hierarchy where it is mounted (v1 and hybrid hosts): there the unified one, if there is any, is a copy of it that
// container runtimes leave at their daemon's unit. Else the unified one. "" when neither is there.
func parseCgroup(b []byte) string {
	unified, systemd := "", ""
	for line := range strings.Lines(string(b)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3) // a path may have ":" in it, but no line end
		if len(fields) != 3 || !strings.HasPrefix(fields[2], "/") {
			continue
		}
		path := strings.TrimSuffix(fields[2], " (deleted)")
		switch {
		case fields[1] == "name=systemd":
			systemd = path
		case fields[0] == "0" && fields[1] == "":
			unified = path
		}
	}
	if systemd != "" && (systemd != "/" || unified == "") {
		return systemd
	}
	return unified
}

// parseSocketLink reads "socket:[INODE]", what the link of a socket says. It allocates nothing.
func parseSocketLink(b []byte) (inode uint32, ok bool) {
	const prefix = "socket:["
	if len(b) < len(prefix)+2 || string(b[:len(prefix)]) != prefix || b[len(b)-1] != ']' {
		return 0, false
	}
	n := uint64(0)
	for _, c := range b[len(prefix) : len(b)-1] {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + uint64(c-'0'); n > 1<<32-1 {
			return 0, false
		}
	}
	return uint32(n), true
}
