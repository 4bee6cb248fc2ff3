package owner

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Condition is what may keep a process from acting on a signal.
type Condition struct {
	State  byte   // of the main thread, as in proc(5): T stopped, t stopped by its tracer, D in uninterruptible sleep
	Tracer int    // the process that traces it, 0 for none
	Frozen string // the directory of the cgroup that it is frozen with, "" for none
	Killed bool   // SIGKILL is pending
}

// Condition looks at a process as it is now. What cannot be read is as if it were not so.
func (s Scanner) Condition(pid int) Condition {
	dir := filepath.Join(s.root(), strconv.Itoa(pid))
	status, _ := os.ReadFile(filepath.Join(dir, "status"))
	c := parseCondition(status)
	cgroups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
	mounts, _ := os.ReadFile(filepath.Join(s.root(), "self/mountinfo"))
	c.Frozen = frozenBy(cgroups, mounts)
	return c
}

// parseCondition reads the lines of /proc/PID/status that are about it.
func parseCondition(status []byte) (c Condition) {
	const sigkill = 1 << (9 - 1)
	for line := range bytes.Lines(status) {
		name, value, _ := strings.Cut(string(line), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "State":
			if value != "" {
				c.State = value[0]
			}
		case "TracerPid":
			c.Tracer, _ = strconv.Atoi(value)
		case "SigPnd", "ShdPnd": // the thread's own, and the process's
			set, _ := strconv.ParseUint(value, 16, 64)
			c.Killed = c.Killed || set&sigkill != 0
		}
	}
	return c
}

// frozenBy looks at the cgroup that a process is in, in either version: each tells of those above as well.
func frozenBy(cgroups, mounts []byte) string {
	for line := range strings.Lines(string(cgroups)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		unified := fields[0] == "0" && fields[1] == ""
		if !unified && !slices.Contains(strings.Split(fields[1], ","), "freezer") {
			continue
		}
		m, ok := cgroupMount(mounts, unified)
		below, inside := strings.CutPrefix(fields[2], strings.TrimSuffix(m.root, "/"))
		if !ok || !inside {
			continue
		}
		dir := filepath.Join(m.point, below)
		if unified && tells(dir, "cgroup.events", "frozen 1") || !unified && (tells(dir, "freezer.state", "FROZEN") || tells(dir, "freezer.state", "FREEZING")) {
			return dir
		}
	}
	return ""
}

// cgroupMount is the mount of the unified hierarchy, or of the freezer's.
func cgroupMount(mounts []byte, unified bool) (mount, bool) {
	if unified {
		return cgroup2Mount(mounts)
	}
	for line := range strings.Lines(string(mounts)) {
		line = strings.TrimSuffix(line, "\n")
		m, fstype, ok := parseMount(line)
		options := line[strings.LastIndexByte(line, ' ')+1:] // of the hierarchy: "rw,freezer"
		if ok && fstype == "cgroup" && slices.Contains(strings.Split(options, ","), "freezer") {
			return m, true
		}
	}
	return mount{}, false
}

// tells reports whether a file of a cgroup has this line.
func tells(dir, file, line string) bool {
	b, err := os.ReadFile(filepath.Join(dir, file))
	return err == nil && slices.Contains(strings.Split(string(b), "\n"), line)
}
