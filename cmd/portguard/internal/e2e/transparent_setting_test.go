package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func set(settings ...string) []string { return settings }

// env is the service's environment as settings.
func env(entries ...string) (settings []string) {
	for _, entry := range entries {
		settings = append(settings, "env="+entry)
	}
	return settings
}

// largeEnviron is far beyond a page, with long entries and many.
func largeEnviron() (entries []string) {
	for n := range 2000 {
		entries = append(entries, fmt.Sprint("NAME", n, "=", strings.Repeat("x", n%500)))
	}
	return append(entries, "LONG="+strings.Repeat("y", 100_000))
}

// signals are as /proc/PID/status shows them.
func signals(set ...unix.Signal) string {
	var bits uint64
	for _, sig := range set {
		bits |= 1 << (sig - 1)
	}
	return fmt.Sprintf("%016x", bits)
}

// boundingWithout is this process's bounding set less one capability.
func boundingWithout(t *testing.T, capability int) string {
	t.Helper()
	_, set, _ := strings.Cut(readFile(t, "/proc/self/status"), "CapBnd:\t")
	set, _, _ = strings.Cut(set, "\n")
	bits, err := strconv.ParseUint(set, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%016x", bits&^(1<<capability))
}

// pipes are fds 0, 1 and 2 on one pipe, whose description has the given flags.
func pipes(flags int) func(*testing.T) []*os.File {
	return func(t *testing.T) []*os.File {
		t.Helper()
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC|flags); err != nil {
			t.Fatal(err)
		}
		r, w := file(t, p[0]), file(t, p[1])
		return []*os.File{r, w, w}
	}
}

// terminal is fds 0, 1 and 2 on the slave of a new pty, whose description has the given flags.
func terminal(flags int) func(*testing.T) []*os.File {
	return func(t *testing.T) []*os.File {
		t.Helper()
		master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err != nil {
			t.Skip("no pty to be had: ", err)
		}
		file(t, master)
		if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
			t.Fatal(err)
		}
		number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
		if err != nil {
			t.Fatal(err)
		}
		slave, err := unix.Open(fmt.Sprint("/dev/pts/", number), unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY|flags, 0)
		if err != nil {
			t.Skip("no pty to be had: ", err)
		}
		tty := file(t, slave)
		return []*os.File{tty, tty, tty}
	}
}

// sevenSockets are fds 3 to 9, as systemd passes them.
func sevenSockets(t *testing.T) []*os.File {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	files := []*os.File{null, null, null}
	for range 7 {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file(t, fd))
	}
	return files
}

// file leaves the flags of the description alone, unlike os.Pipe and os.Open.
func file(t *testing.T, fd int) *os.File {
	f := os.NewFile(uintptr(fd), "")
	t.Cleanup(func() { f.Close() })
	return f
}
