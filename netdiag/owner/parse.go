package owner

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

// parsePIDs reads the NSpid line of /proc/PID/status: the pid in the namespace of the proc file system, and in each further in.
// Empty for a kernel without the line.
func parsePIDs(b []byte) []string {
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte("NSpid:")); ok {
			return strings.Fields(string(rest))
		}
	}
	return nil
}

// parseInnerPID is the pid in the innermost namespace. A kernel that does not tell gives pid.
func parseInnerPID(b []byte, pid int) int {
	if pids := parsePIDs(b); len(pids) > 0 {
		if inner, err := strconv.Atoi(pids[len(pids)-1]); err == nil && inner > 0 {
			return inner
		}
	}
	return pid
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

// parseOtherCgroups lists what the hierarchies have beside what parseCgroup picks, each path once and without roots.
func parseOtherCgroups(b []byte) (others []string) {
	picked := parseCgroup(b)
	for line := range strings.Lines(string(b)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 || !strings.HasPrefix(fields[2], "/") {
			continue
		}
		path := strings.TrimSuffix(fields[2], " (deleted)")
		if path != "/" && path != picked && !slices.Contains(others, path) {
			others = append(others, path)
		}
	}
	return others
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
