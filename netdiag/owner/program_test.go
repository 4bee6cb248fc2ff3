package owner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// A program may lie on a server that is gone. Whoever asks that server about it, as stat(2) does, waits for ever.
func TestProgramOnAFileSystemThatDoesNotAnswer(t *testing.T) {
	nstest.Root(t)
	h := start(t, "deaf", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}, "DEAF="+t.TempDir())
	pid, err := strconv.Atoi(h.ready)
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan error, 1)
	go func() {
		p, err := Scanner{}.Process(pid)
		if err == nil && (p.Program == (Program{}) || filepath.Base(p.Exe) != "program") {
			err = fmt.Errorf("it is %+v", p)
		}
		said <- err
	}()
	select {
	case err := <-said:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the file system")
	}
}

// runFromDeaf starts a program from a file system in user space, which says nothing any more as soon as it runs.
func runFromDeaf() (string, error) {
	program, err := os.ReadFile("/bin/sleep")
	if err != nil {
		return "", err
	}
	dir := os.Getenv("DEAF")
	const deviceOfFUSE = 10<<8 | 229 // /dev/fuse, which a small /dev lacks
	device := filepath.Join(dir, "fuse")
	if err := unix.Mknod(device, unix.S_IFCHR|0o600, deviceOfFUSE); err != nil {
		return "", fmt.Errorf("make %s: %w", device, err)
	}
	fuse, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) || errors.Is(err, fs.ErrPermission) {
		return "", fmt.Errorf("FUSE: %w", errors.ErrUnsupported)
	}
	if err == nil {
		err = unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if err == nil {
		err = unix.Mount("deaf", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse))
	}
	if err != nil {
		return "", err
	}
	var deaf atomic.Bool
	go serveProgram(fuse, program, &deaf)
	// By a shell: the runtime waits for an exec in a way in which nothing may have to be served.
	cmd := exec.CommandContext(context.Background(), "sh", "-c", "exec "+dir+"/program 60")
	if err := cmd.Start(); err != nil {
		return "", err
	}
	for link := fmt.Sprintf("/proc/%d/exe", cmd.Process.Pid); ; time.Sleep(time.Millisecond) {
		if exe, err := os.Readlink(link); err != nil || exe == dir+"/program" {
			deaf.Store(true)
			return strconv.Itoa(cmd.Process.Pid), err
		}
	}
}

// serveProgram speaks as much of the protocol (linux/fuse.h) as it takes to run one file.
func serveProgram(fuse int, program []byte, deaf *atomic.Bool) {
	const (
		lookup, forget, getattr, open, read, release, flush, initialize, opendir = 1, 2, 3, 14, 15, 18, 25, 26, 27
		root, file                                                               = 1, 2
	)
	order := binary.NativeEndian
	attr := func(node uint64) []byte { // struct fuse_attr
		b := make([]byte, 88)
		mode := uint32(unix.S_IFREG | 0o755)
		if node == root {
			mode = unix.S_IFDIR | 0o755
		}
		order.PutUint64(b, node)
		order.PutUint64(b[8:], uint64(len(program)))
		order.PutUint32(b[60:], mode)
		order.PutUint32(b[64:], 1)
		return b
	}
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(fuse, buf)
		if err != nil {
			return
		}
		what, node, body := order.Uint32(buf[4:]), order.Uint64(buf[16:]), buf[40:n]
		var answer []byte
		failure := int32(0)
		switch what {
		case forget:
			continue
		case initialize:
			answer = make([]byte, 64)
			order.PutUint32(answer, 7)
			order.PutUint32(answer[4:], 31)
			order.PutUint32(answer[20:], 1<<17) // the most that is written at once
		case lookup:
			answer = append(make([]byte, 40), attr(file)...)
			order.PutUint64(answer, file)
		case getattr:
			answer = append(make([]byte, 16), attr(node)...)
		case open, opendir:
			answer = make([]byte, 16)
		case read:
			from := min(order.Uint64(body[8:]), uint64(len(program)))
			answer = program[from:min(from+uint64(order.Uint32(body[16:])), uint64(len(program)))]
		case release, flush:
		default:
			failure = -int32(unix.ENOSYS)
		}
		if deaf.Load() {
			continue
		}
		head := make([]byte, 16)
		order.PutUint32(head, uint32(len(head)+len(answer)))
		order.PutUint32(head[4:], uint32(failure))
		order.PutUint64(head[8:], order.Uint64(buf[8:]))
		_, _ = unix.Write(fuse, append(head, answer...))
	}
}
