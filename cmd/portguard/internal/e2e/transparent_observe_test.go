package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// observation is all that the kernel tells of a process to others, by a name such as "status SigIgn" or "fd 3". What differs
// from run to run is left out or given a name of its own: "socket of fd 3", the first fd that is open on it.
type observation map[string]string

// observe reads a process that sleeps, so that nothing of it is disturbed by being asked.
func observe(t *testing.T, pid int) observation {
	t.Helper()
	o := observation{}
	proc := fmt.Sprintf("/proc/%d/", pid)

	volatile := regexp.MustCompile(`^(Tgid|Pid|PPid|NS\w+|Vm\w+|Rss\w+|HugetlbPages|SigQ|\w+_ctxt_switches)$`)
	for line := range strings.Lines(readFile(t, proc+"status")) {
		if key, value, _ := strings.Cut(line, ":"); !volatile.MatchString(key) {
			o["status "+key] = strings.TrimSpace(value)
		}
	}
	for line := range strings.Lines(readFile(t, proc+"limits")) {
		const width = 26 // of the first column
		o["limit "+strings.TrimSpace(line[:width])] = strings.Join(strings.Fields(line[width:]), " ")
	}
	for _, name := range []string{"cmdline", "environ", "comm", "cgroup", "oom_score_adj"} {
		o[name] = readFile(t, proc+name)
	}
	// These exist only in some kernels, or not for everybody.
	for _, name := range []string{"timerslack_ns", "personality", "coredump_filter", "loginuid", "sessionid"} {
		if text, err := os.ReadFile(proc + name); err == nil {
			o[name] = string(text)
		}
	}
	for _, name := range append(list(t, proc+"ns/*"), proc+"exe", proc+"cwd", proc+"root") {
		o[strings.TrimPrefix(name, proc)] = readLink(t, name)
	}
	o.addStat(readFile(t, proc+"stat"))
	o["ioprio"] = fmt.Sprint(ioprio(t, pid))
	o.addFiles(t, proc)
	for name, value := range o {
		o[name] = regexp.MustCompile(`\b`+strconv.Itoa(pid)+`\b`).ReplaceAllString(value, "PID")
	}
	return o
}

// addStat adds the fields of /proc/PID/stat that are inherited; their numbers are those of proc(5).
func (o observation) addStat(stat string) {
	after := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // field 3 and on
	for name, number := range map[string]int{
		"process group": 5, "session": 6, "foreground group": 8, "priority": 18, "nice": 19, "threads": 20,
		"exit signal": 38, "rt priority": 40, "policy": 41,
	} {
		o["stat "+name] = after[number-3]
	}
	o["stat has terminal"] = fmt.Sprint(after[7-3] != "0")
}

// addFiles adds what each fd is open on and its flags, which other processes share.
func (o observation) addFiles(t *testing.T, proc string) {
	t.Helper()
	names := list(t, proc+"fd/*")
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // by number
	anonymous := regexp.MustCompile(`^(pipe|socket|/dev/pts/).*`)
	first := map[string]string{}
	for _, name := range names {
		fd := filepath.Base(name)
		file := readLink(t, name)
		if kind := anonymous.FindStringSubmatch(file); kind != nil {
			if first[file] == "" {
				first[file] = kind[1] + " of fd " + fd
			}
			file = first[file]
		}
		_, octal, _ := strings.Cut(readFile(t, proc+"fdinfo/"+fd), "flags:\t")
		octal, _, _ = strings.Cut(octal, "\n")
		flags, err := strconv.ParseUint(octal, 8, 32)
		if err != nil {
			t.Fatal(err)
		}
		o["fd "+fd] = file
		o["fd "+fd+" flags"] = octal
		o["fd "+fd+" O_NONBLOCK"] = fmt.Sprint(flags&unix.O_NONBLOCK != 0)
	}
}

// takePlaceholder removes the one difference that is meant to be: a socket at an fd that before does not have, and the size of the
// kernel's table, which has room for it and for those of a thousand ports, as far as the limit lets it.
func (o observation) takePlaceholder(before observation) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if _, had := before[name]; !had && strings.HasPrefix(name, "fd ") && strings.HasPrefix(o[name], "socket of fd ") {
			delete(o, name)
			delete(o, name+" flags")
			delete(o, name+" O_NONBLOCK")
			fd, _ := strconv.Atoi(strings.TrimPrefix(name, "fd "))
			size, _ := strconv.Atoi(before["status FDSize"])
			last := 2047
			if limits := strings.Fields(before["limit Max open files"]); len(limits) > 1 {
				if hard, err := strconv.Atoi(limits[1]); err == nil {
					last = min(last, hard-1)
				}
			}
			if o["status FDSize"] == strconv.Itoa(max(size, fdTable(fd), fdTable(last))) {
				o["status FDSize"] = before["status FDSize"]
			}
			return
		}
	}
}

// fdTable is the number of entries of the kernel's table that has room for fd: 64, doubled as often as it takes.
func fdTable(fd int) int {
	size := 64
	for size <= fd {
		size *= 2
	}
	return size
}

func ioprio(t *testing.T, pid int) int {
	t.Helper()
	const ioprioWhoProcess = 1
	value, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, ioprioWhoProcess, uintptr(pid), 0)
	if errno != 0 {
		t.Fatal("ioprio_get: ", errno)
	}
	return int(value)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readLink(t *testing.T, name string) string {
	t.Helper()
	target, err := os.Readlink(name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func list(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
