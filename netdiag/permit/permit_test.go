package permit

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

const forbid = "PORTGUARD_TEST_FORBID"

// A process that runs with forbid set forbids itself kcmp(2), by death, and tells what it thinks that it may do.
func TestMain(m *testing.M) {
	if os.Getenv(forbid) == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	if err := killFor(unix.SYS_KCMP); err != nil {
		fmt.Println("cannot filter:", err)
		os.Exit(1)
	}
	fmt.Println(Syscall(unix.SYS_KCMP), Syscall(unix.SYS_PIDFD_GETFD), Syscall(unix.SYS_GETPID))
	os.Exit(0)
}

func TestWithoutAFilterEverythingIsPermitted(t *testing.T) {
	if mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0); err != nil || mode != 0 {
		t.Skipf("this process is filtered already (mode %d, %v)", mode, err)
	}
	if !Syscall(unix.SYS_KCMP) {
		t.Error("kcmp is said to be forbidden")
	}
}

func TestAFilterThatKillsIsSurvived(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), forbid+"=1")
	out, err := cmd.CombinedOutput()
	if got, want := string(out), "false true true\n"; err != nil || got != want {
		t.Errorf("kcmp, pidfd_getfd, getpid: got %q, %v; want %q", got, err, want)
	}
}

func TestDeniedIsUnsupported(t *testing.T) {
	err := fmt.Errorf("process 7: %w", Denied("pidfd_getfd"))
	if !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) {
		t.Errorf("%v is not errors.ErrUnsupported alone", err)
	}
}

// killFor installs a filter for all threads that kills the process for one system call.
func killFor(number uint32) error {
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// A process that reaps whatever it can, as an init does, does not take the answer away.
func TestAReaperDoesNotSeeTheChild(t *testing.T) {
	pid, errno := try(unix.SYS_GETPID)
	if errno != 0 {
		t.Fatal(errno)
	}
	if reaped, err := unix.Wait4(-1, nil, 0, nil); err != unix.ECHILD {
		t.Errorf("wait4 reaps %d, %v; the child is %d", reaped, err, pid)
	}
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, unix.WALL, nil); err != nil || !status.Exited() {
		t.Errorf("%v, %v", status, err)
	}
}
