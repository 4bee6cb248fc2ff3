package pidfd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// helperEnv makes this binary a process whose second thread has a socket that the first does not have.
const helperEnv = "PORTGUARD_PIDFD_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "" {
		os.Exit(nstest.Main(m))
	}
	runtime.LockOSThread() // this is the first thread, and stays so
	go func() {
		runtime.LockOSThread()
		fd := -1
		err := unix.Unshare(unix.CLONE_FILES)
		if err == nil {
			fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		}
		if err == nil {
			fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 500) // a number that the process's table does not have
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(unix.Gettid(), fd)
		select {}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin) // it ends with the test even when that is killed
}

// sleeper starts a process that does nothing until the test ends.
func sleeper(t *testing.T, files ...*os.File) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = files
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only when it has ended
		_ = cmd.Wait()
	})
	return cmd
}

func openPID(t *testing.T, pid int) *Process {
	t.Helper()
	p, err := Open(pid)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("this kernel has no pidfd_open: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestOpenNobody(t *testing.T) {
	for pid, want := range map[int]error{1 << 30: unix.ESRCH, 0: unix.EINVAL, -1: unix.EINVAL} {
		if _, err := Open(pid); !errors.Is(err, want) {
			t.Errorf("open %d: %v, want %v", pid, err, want)
		}
	}
	if _, err := GetFD(1, -1, 0); !errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a descriptor of thread -1: %v", err)
	}
	if _, err := GetFD(1<<30, 0, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("a descriptor of nobody: %v", err)
	}
}

func TestSignalReachesOpenedProcessOnly(t *testing.T) {
	cmd := sleeper(t)
	p := openPID(t, cmd.Process.Pid)
	if err := p.Signal(0); err != nil {
		t.Errorf("ask for permission: %v", err)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, p)
	if err := p.Signal(0); err != nil {
		t.Errorf("a zombie takes signals: %v", err)
	}
	_ = cmd.Wait()
	if s := cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(); s != syscall.SIGTERM {
		t.Errorf("ended by %v", s)
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal to a reaped process: %v", err)
	}
}

func TestEnded(t *testing.T) {
	cmd := sleeper(t)
	p := openPID(t, cmd.Process.Pid)
	if ended, err := p.Ended(); ended || err != nil {
		t.Errorf("ended %v, %v", ended, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, p)
}

// awaitEnd waits until a process has ended; its parent need not have waited for it.
func awaitEnd(t *testing.T, p *Process) {
	t.Helper()
	polled := []unix.PollFd{{Fd: int32(p.FD()), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(polled, -1)
		if err == unix.EINTR {
			continue
		}
		if ended, endedErr := p.Ended(); !ended || err != nil || endedErr != nil {
			t.Fatalf("ended %v, %v, %v", ended, endedErr, err)
		}
		return
	}
}

func TestGetFDIsSameSocket(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	pid := sleeper(t, file).Process.Pid

	dup, err := GetFD(pid, 0, 3)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("this kernel has no pidfd_getfd: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dup)
	ours, errOurs := Cookie(fd)
	theirs, errTheirs := Cookie(dup)
	if err := errors.Join(errOurs, errTheirs); err != nil || ours != theirs || ours == 0 {
		t.Errorf("cookies %d, %d, %v", ours, theirs, err)
	}
	if flags, err := unix.FcntlInt(uintptr(dup), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v, want close-on-exec", flags, err)
	}
	if _, err := GetFD(pid, 0, 99); !errors.Is(err, unix.EBADF) {
		t.Errorf("a number that it does not have: %v", err)
	}
}

func TestGetFDNeedsRights(t *testing.T) {
	nstest.Root(t)
	pid := sleeper(t).Process.Pid
	p := openPID(t, pid)
	nstest.As(t, 65534, func() {
		if _, err := GetFD(pid, 0, 0); !errors.Is(err, unix.EPERM) {
			t.Errorf("descriptor of root's process for nobody: %v", err)
		}
		if err := p.Signal(syscall.SIGTERM); !errors.Is(err, unix.EPERM) {
			t.Errorf("signal to root's process from nobody: %v", err)
		}
	})
}

func TestGetFDReachesAThreadsOwnTable(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), helperEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	ready, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var tid, fd int
	if _, err := fmt.Sscan(strings.TrimSpace(ready), &tid, &fd); err != nil {
		t.Fatal(err)
	}

	if _, err := GetFD(cmd.Process.Pid, 0, fd); !errors.Is(err, unix.EBADF) {
		t.Errorf("the process's table has it: %v", err)
	}
	dup, err := GetFD(cmd.Process.Pid, tid, fd)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("needs pidfds of threads (Linux 6.9)")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Inode(dup); err != nil {
		t.Error(err)
	}
	_ = unix.Close(dup)
}
