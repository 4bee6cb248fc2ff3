package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"portguard/cmd/portguard/internal/cli"
	"portguard/internal/needs"
)

// injections are system calls that fail, of those that our own code makes. Go's runtime makes others, and does not survive
// that memory or a thread is denied to it (mmap, clone): then it ends with status 2.
func injections() []string {
	calls := map[string][]string{
		"EINTR": {"openat", "read", "write", "close", "getdents64", "readlinkat", "newfstatat", "statx", "socket", "bind", "setsockopt", "getsockopt",
			"sendto", "recvmsg", "sendmsg", "connect", "ppoll", "poll", "epoll_pwait", "pidfd_open", "pidfd_getfd", "wait4", "fcntl"},
		"ENOMEM":  {"openat", "read", "getdents64", "readlinkat", "newfstatat", "statx", "socket", "bind", "setsockopt", "sendto", "recvmsg", "pidfd_open", "pidfd_getfd", "fstatfs"},
		"EMFILE":  {"openat", "socket", "pidfd_open", "pidfd_getfd"},
		"ENOBUFS": {"sendto", "recvmsg", "socket", "bind"},
		"EIO":     {"openat", "read", "getdents64", "write"},
		"ENOSYS":  {"pidfd_open", "pidfd_getfd", "kcmp", "open_by_handle_at", "bpf", "newfstatat", "statx", "prctl"},
	}
	var all []string
	for errno, names := range calls {
		for _, call := range names {
			// At the start, the runtime looks at the standard descriptors, reads its own memory limit, and the like.
			for when := 1; when <= faults(1, 12); when++ {
				all = append(all, fmt.Sprintf("%s:error=%s:when=%d", call, errno, when))
			}
		}
	}
	slices.Sort(all)
	return all
}

// inject puts strace in front of a command line, which makes one system call fail.
func inject(t *testing.T, injection string, argv ...string) []string {
	t.Helper()
	needs.Program(t, "strace", "strace")
	call, _, _ := strings.Cut(injection, ":")
	return append([]string{"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=" + injection}, argv...)
}

// startsWithIt are calls of Go's runtime, before main, after which it ends by itself.
func startsWithIt(a aftermath) bool {
	return a.status == 2 && strings.HasPrefix(a.errs, "runtime: unexpected error while checking standard file descriptor")
}

// One system call fails, each in its turn. A port that is taken is never said to be free, what could not be found out is
// said, and the next run, with nothing in its way, gets the port.
func TestFaultsOfSystemCalls(t *testing.T) {
	l := newLadder(t)
	port, _, peer := l.client(t)
	for _, injection := range injections() {
		t.Run(injection, func(t *testing.T) {
			a := suffer(t, 20*time.Second, inject(t, injection, l.portguard, "-p", number(port))...)
			if startsWithIt(a) {
				return
			}
			a.honest(t, cli.ExitUnavailable, cli.ExitOSErr)
			switch {
			case strings.Contains(a.out, " (pid "):
			case a.status == cli.ExitUnavailable:
				a.says(t, "not known: |no memory or open files were left|cannot be seen without /proc|no process has it|write /dev/stdout: ")
			default:
				a.says(t, "is unknown: |portguard: ")
			}
		})
	}
	echoes(t, peer)
	l.serves(t, port, "--share")
	echoes(t, peer)
}

// The same while a rung acts: whatever fails, the connection lives, and the next run shares it.
func TestFaultsWhileSharing(t *testing.T) {
	l := newLadder(t)
	for i, injection := range injections() {
		if i%faults(6, 1) != 0 {
			continue
		}
		t.Run(injection, func(t *testing.T) {
			port, holder, peer := l.client(t)
			a := suffer(t, 20*time.Second, inject(t, injection, l.portguard, "--share", "-p", number(port), "--", "true")...)
			if !startsWithIt(a) {
				a.honest(t, cli.ExitOK, cli.ExitUnavailable, cli.ExitOSErr, cli.ExitNoPerm, cli.ExitCannotExec, cli.ExitNotFound)
			}
			echoes(t, peer)
			again := suffer(t, 20*time.Second, l.portguard, "--share", "-p", number(port), "--", "true")
			again.honest(t, cli.ExitOK)
			echoes(t, peer)
			holder.stop(t, 9)
		})
	}
}
