package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The bars.
const (
	longestInput = time.Second
	mostMemory   = engineMemory + 64<<20
)

const (
	// engineMemory is the buffer in which Go's engine mutates inputs (maxInputSize in internal/fuzz). It becomes resident
	// in the first seconds.
	engineMemory = 100 << 20
	// minimizing is how long the engine may shorten one input, without a word to its coordinator.
	minimizing = 300 * time.Millisecond
	// answering is how long a worker tries inputs before it says so (workerFuzzDuration in internal/fuzz).
	answering = 100 * time.Millisecond
)

// usage is the most that any of a target's workers took.
type usage struct {
	// memory is the worker's whole resident set at its peak (VmHWM): beside what the target takes, it has engineMemory,
	// the program itself, and garbage of up to a tenth of the heap.
	memory int64
	// longest is the processor time of one request of the coordinator, less what it may take by design. It is a bound for
	// the slowest input: an input that takes longer than this cannot have been among them.
	longest time.Duration
}

// watch watches the workers of one target. The engine itself ends a worker only when an input takes ten seconds.
type watch struct {
	group   int          // process group
	calls   map[int]call // by pid
	usage   usage
	failure string // which bar was broken first
}

// call is a request that a worker is at: it reads one, and then none before it has answered.
type call struct {
	reads uint64
	began time.Duration // its processor time when the request was first seen
}

// look looks at all of the target's workers once. One that breaks a bar is ended by SIGABRT, upon which the engine keeps
// the input that it was at, as it does with a crash.
func (w *watch) look() {
	for _, pid := range w.workers() {
		reads, cpu, memory, ok := readWorker(pid)
		if !ok {
			continue // it has ended
		}
		at := w.calls[pid]
		if at.reads != reads {
			at = call{reads, cpu}
			w.calls[pid] = at
		}
		took := max(0, cpu-at.began-max(minimizing, answering))
		w.usage.memory = max(w.usage.memory, memory)
		w.usage.longest = max(w.usage.longest, took)
		switch {
		case w.failure != "":
			continue
		case took > longestInput:
			w.failure = fmt.Sprintf("an input takes more than %s", longestInput)
		case memory > mostMemory:
			w.failure = fmt.Sprintf("an input takes more than %d MiB", (mostMemory-engineMemory)>>20)
		default:
			continue
		}
		_ = syscall.Kill(pid, syscall.SIGABRT) // it may have ended
	}
}

// workers are the processes of the group that were started as fuzz workers.
func (w *watch) workers() []int {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	var pids []int
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if group, err := syscall.Getpgid(pid); err != nil || group != w.group {
			continue
		}
		if args, err := os.ReadFile(dir + "/cmdline"); err == nil && bytes.Contains(args, []byte("\x00-test.fuzzworker")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// readWorker reads how often a worker has read, its processor time, and its peak of resident memory.
func readWorker(pid int) (reads uint64, cpu time.Duration, memory int64, ok bool) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	io, err1 := os.ReadFile(dir + "io")
	status, err2 := os.ReadFile(dir + "status")
	stat, err3 := os.ReadFile(dir + "stat")
	if err1 != nil || err2 != nil || err3 != nil {
		return 0, 0, 0, false
	}
	var kib int64
	_, e1 := fmt.Sscanf(after(string(io), "syscr:"), "%d", &reads)
	_, e2 := fmt.Sscanf(after(string(status), "VmHWM:"), "%d", &kib)
	// After the name, which is in parentheses: utime and stime are the fields 14 and 15, the state is the third.
	fields := strings.Fields(after(string(stat), ") "))
	if e1 != nil || e2 != nil || len(fields) < 13 {
		return 0, 0, 0, false
	}
	user, e3 := strconv.ParseInt(fields[11], 10, 64)
	system, e4 := strconv.ParseInt(fields[12], 10, 64)
	const tick = 10 * time.Millisecond // USER_HZ
	return reads, time.Duration(user+system) * tick, kib << 10, e3 == nil && e4 == nil
}

func after(text, mark string) string {
	_, rest, _ := strings.Cut(text, mark)
	return rest
}
