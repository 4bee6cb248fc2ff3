// Launch gives a process an unusual inheritance and executes a program in it:
//
//	launch SETTING... -- PATH ARGV0 [ARG]...
//
// Settings are made in the order given, each written NAME=VALUE. The program's environment is what env= says and nothing
// else. A setting that cannot be made ends it with status 77 and a line on stderr.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Everything that a thread has of its own must be set on the one that executes the program.
func init() { runtime.LockOSThread() }

func main() {
	end := slices.Index(os.Args, "--")
	l := launch{environ: []string{}}
	for _, setting := range os.Args[1:end] {
		name, value, _ := strings.Cut(setting, "=")
		if err := l.set(name, value); err != nil {
			fail(setting, err)
		}
	}
	if err := l.signals(); err != nil {
		fail("signals", err)
	}
	fail(os.Args[end+1], syscall.Exec(os.Args[end+1], os.Args[end+2:], l.environ))
}

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(77)
}

type launch struct {
	environ         []string
	ignore, blocked uint64 // bit n-1: signal n
}

func (l *launch) set(name, value string) error {
	switch name {
	case "env":
		l.environ = append(l.environ, strings.ReplaceAll(value, "$PID", strconv.Itoa(os.Getpid())))
		return nil
	case "oom_score_adj":
		return os.WriteFile("/proc/self/oom_score_adj", []byte(value), 0)
	}
	v, err := parse(value)
	if err != nil {
		return err
	}
	switch name {
	case "ignore":
		l.ignore = uint64(v[0])
	case "block":
		l.blocked = uint64(v[0])
	case "close":
		return unix.Close(v[0])
	case "nofile":
		return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(v[0]), Max: uint64(v[1])})
	case "core":
		return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: uint64(v[0]), Max: uint64(v[1])})
	case "umask":
		unix.Umask(v[0])
	case "nice":
		return unix.Setpriority(unix.PRIO_PROCESS, 0, v[0])
	case "cpu":
		var set unix.CPUSet
		set.Set(v[0])
		return unix.SchedSetaffinity(0, &set)
	case "ioprio":
		return call(unix.SYS_IOPRIO_SET, 1 /* IOPRIO_WHO_PROCESS */, 0, v[0])
	case "policy": // and priority
		priority := int32(v[1])
		return call(unix.SYS_SCHED_SETSCHEDULER, 0, v[0], pointer(&priority))
	case "timerslack":
		return unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(v[0]), 0, 0, 0)
	case "pdeathsig":
		return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(v[0]), 0, 0, 0)
	case "no_new_privs":
		return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, uintptr(v[0]), 0, 0, 0)
	case "securebits":
		return unix.Prctl(unix.PR_SET_SECUREBITS, uintptr(v[0]), 0, 0, 0)
	case "bounding": // a capability to drop
		return unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(v[0]), 0, 0, 0)
	case "ambient":
		return ambient(v[0])
	case "personality":
		return call(unix.SYS_PERSONALITY, v[0])
	case "alarm": // seconds
		_, err := unix.Setitimer(unix.ITIMER_REAL, unix.Itimerval{Value: unix.Timeval{Sec: int64(v[0])}})
		return err
	case "keyring": // a new session keyring
		_, err := unix.KeyctlJoinSessionKeyring("portguard-test")
		return err
	case "uid": // and gid; capabilities are kept if the next setting is ambient
		if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
			return err
		}
		return become(v[0])
	default:
		return fmt.Errorf("no such setting")
	}
	return nil
}

// parse reads numbers, in any of Go's bases, between colons.
func parse(value string) ([]int, error) {
	var numbers []int
	for field := range strings.SplitSeq(value, ":") {
		n, err := strconv.ParseUint(field, 0, 64)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, int(n))
	}
	return numbers, nil
}

func become(id int) error {
	if err := unix.Setgroups([]int{id, id + 1}); err != nil {
		return err
	}
	if err := unix.Setresgid(id, id, id); err != nil {
		return err
	}
	return unix.Setresuid(id, id, id)
}
