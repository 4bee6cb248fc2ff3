package owner

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestParseWait(t *testing.T) {
	call := func(nr, first int) string {
		return fmt.Sprintf("%d %#x 0x0 0x0 0x0 0x0 0x0 0x7ffd1c0e6e18 0x7f1b8c0f1e3a\n", nr, first)
	}
	for _, tt := range []struct {
		name, in string
		on       waitKind
		fd       int
	}{
		{"accept", call(unix.SYS_ACCEPT4, 3), waitsForFD, 3},
		{"epoll", call(unix.SYS_EPOLL_PWAIT, 4), waitsByEpoll, 4},
		{"poll", call(unix.SYS_PPOLL, 0x7fff), waitsUnseen, -1},
		{"sleep", call(unix.SYS_CLOCK_NANOSLEEP, 0), waitsElsewhere, -1},
		{"it runs", "running\n", waitsUnseen, -1},
		{"in no system call", "-1 0x7ffd1c0e6e18 0x7f1b8c0f1e3a\n", waitsUnseen, -1},
		{"a 32-bit program", fmt.Sprintf("%d 0x3 0x0 0x0 0x0 0x0 0x0 0xffd1c0e8 0xf7f1b8c0\n", unix.SYS_ACCEPT4), waitsUnseen, -1},
		{"nothing", "", waitsUnseen, -1},
	} {
		if on, fd := parseWait([]byte(tt.in)); on != tt.on || fd != tt.fd {
			t.Errorf("%s: %d, %d; want %d, %d", tt.name, on, fd, tt.on, tt.fd)
		}
	}
}

// Go's own listener is in its epoll, by one descriptor, whatever others there are of it.
func TestWaits(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { _, _ = l.Accept() }() // until it is closed
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	own := -1
	if err := raw.Control(func(fd uintptr) { own = int(fd) }); err != nil {
		t.Fatal(err)
	}
	duplicate, err := unix.Dup(own)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(duplicate)
	for _, fd := range []int{own, duplicate} {
		served := false
		for deadline := time.Now().Add(5 * time.Second); !served && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond) // one thread is in epoll_wait() then
			served, _ = Scanner{}.Waits(Process{PID: os.Getpid(), FD: fd})
		}
		if !served {
			t.Errorf("nothing waits for a connection at %d, where the listener is %d", fd, own)
		}
	}
}

func TestParseEpoll(t *testing.T) {
	const now = "pos:\t0\nflags:\t02\ntfd:        5 events:       19 data:                5  pos:0 ino:1d5f sdev:8\n"
	const older = "pos:\t0\nflags:\t02\ntfd:        5 events:       19 data:                5\n"
	for _, tt := range []struct {
		name, in string
		fd       int
		inode    uint32
		want     bool
	}{
		{"the descriptor", now, 5, 0x1d5f, true},
		{"a duplicate", now, 3, 0x1d5f, true},
		{"another socket, once at the same descriptor", now, 5, 0x1d5, false},
		{"an older kernel", older, 5, 0x1d5f, true},
		{"another socket", older, 3, 0x1d5f, false},
	} {
		if got := parseEpoll([]byte(tt.in), tt.fd, tt.inode); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What only keeps a socket sleeps, or waits for something else.
func TestWaitsForSomethingElse(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) { // until it sleeps
		waits, known := Scanner{}.Waits(Process{PID: cmd.Process.Pid, FD: 3})
		if known && !waits {
			return
		}
		if waits || time.Now().After(deadline) {
			t.Fatalf("waits %v, known %v", waits, known)
		}
	}
}
