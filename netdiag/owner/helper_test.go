package owner

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// helperEnv names what this binary is when a test starts it as a helper process.
const helperEnv = "PORTGUARD_OWNER_TEST_HELPER"

// The main thread must be wired to the main goroutine before anything else runs: one helper makes it exit.
func init() {
	if os.Getenv(helperEnv) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	name := os.Getenv(helperEnv)
	if name == "" {
		os.Exit(nstest.Main(m))
	}
	if name == "whose" {
		fmt.Println(whose())
		os.Exit(0)
	}
	go func() { // it ends with the test even when that is killed
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	helpers := map[string]func() (string, error){
		"table":    holdInTable,
		"thread":   holdInThread,
		"zombie":   holdAfterMainExit,
		"ring":     holdInRing,
		"inflight": holdInFlight,
		"find":     findFromEnv,
		"process":  processFromEnv,
		"join":     joinFromEnv,
		"descend":  ancestorsFromEnv,
		"deaf":     runFromDeaf,
	}
	ready, err := helpers[name]()
	if errors.Is(err, errors.ErrUnsupported) {
		ready = "unsupported " + err.Error()
	} else if err != nil {
		ready = "error " + err.Error()
	}
	fmt.Println(ready)
	if name == "zombie" {
		_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // of this thread alone
	}
	select {}
}

// helper is a running helper process.
type helper struct {
	pid   int
	ready string // what it said when it was ready
}

// start runs a helper until the test ends. Every field of attr may be set.
func start(t *testing.T, name string, attr *syscall.SysProcAttr, env ...string) helper {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-of", "owner\ntest") // the binary's own directory is closed to other users
	cmd.Args[0] = "helper"
	cmd.Env = append(os.Environ(), append(env, helperEnv+"="+name)...)
	cmd.SysProcAttr, cmd.Stderr = attr, os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only when it has ended
		_ = cmd.Wait()         // its exit status is no part of the test
		_ = stdin.Close()
	})
	ready, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("helper %s: %v", name, err)
	}
	ready = strings.TrimSpace(ready)
	if reason, ok := strings.CutPrefix(ready, "unsupported "); ok {
		t.Skipf("not on this kernel: %s", reason)
	}
	if reason, ok := strings.CutPrefix(ready, "error "); ok {
		t.Fatalf("helper %s: %s", name, reason)
	}
	return helper{cmd.Process.Pid, ready}
}

// inode is what the helpers that hold a socket say.
func (h helper) inode(t *testing.T) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(strings.Fields(h.ready)[0], 10, 32)
	if err != nil {
		t.Fatalf("helper said %q: %v", h.ready, err)
	}
	return uint32(n)
}

// socket makes a bound TCP socket and tells its inode.
func socket() (fd int, inode uint32, err error) {
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, 0, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return -1, 0, err
	}
	var st unix.Stat_t
	err = unix.Fstat(fd, &st)
	return fd, uint32(st.Ino), err
}

func holdInTable() (string, error) {
	fd, inode, err := socket()
	return fmt.Sprintf("%d %d", inode, fd), err
}

// holdInThread holds the socket in the table of one thread, as programs do that call unshare(CLONE_FILES).
func holdInThread() (string, error) {
	said := make(chan string)
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_FILES); err != nil {
			failed <- err
			return
		}
		fd, inode, err := socket()
		if err != nil {
			failed <- err
			return
		}
		said <- fmt.Sprintf("%d %d %d", inode, fd, unix.Gettid())
		select {}
	}()
	select {
	case s := <-said:
		return s, nil
	case err := <-failed:
		return "", err
	}
}

// holdAfterMainExit leaves a socket to the other threads; TestMain ends the main one.
func holdAfterMainExit() (string, error) {
	_, inode, err := socket()
	return fmt.Sprint(inode), err
}

// holdInRing leaves a socket to an io_uring alone.
func holdInRing() (string, error) {
	var params [120]byte // struct io_uring_params
	ring, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		if errno == unix.EPERM { // sysctl kernel.io_uring_disabled, or seccomp
			errno = unix.ENOSYS
		}
		return "", os.NewSyscallError("io_uring_setup", errno)
	}
	fd, inode, err := socket()
	if err != nil {
		return "", err
	}
	const registerFiles = 2 // IORING_REGISTER_FILES
	files := [1]int32{int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, ring, registerFiles, uintptr(unsafe.Pointer(&files)), 1, 0, 0); errno != 0 {
		return "", os.NewSyscallError("io_uring_register", errno)
	}
	return fmt.Sprintf("%d %d", inode, ring), unix.Close(fd)
}

// holdInFlight leaves a socket to the receive queue of a unix socket.
func holdInFlight() (string, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	fd, inode, err := socket()
	if err != nil {
		return "", err
	}
	if err := unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(fd), nil, 0); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d", inode, pair[1]), unix.Close(fd)
}

// standApart does what the environment says: CGROUP makes a cgroup the root of a new cgroup namespace, MOUNT mounts a proc of its own with these options, BECOME changes to this user
// afterwards.
func standApart() error {
	if dir := os.Getenv("CGROUP"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
			return err
		}
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil { // of the main thread, which is ours
			return os.NewSyscallError("unshare", err)
		}
	}
	if options := os.Getenv("MOUNT"); options != "" {
		if err := mountProc(options); err != nil {
			return err
		}
	}
	if uid, err := strconv.Atoi(os.Getenv("BECOME")); err == nil {
		return errors.Join(syscall.Setgroups(nil), syscall.Setresgid(uid, uid, uid), syscall.Setresuid(uid, uid, uid))
	}
	return nil
}

// ancestorsFromEnv says its own ancestors, in JSON, from where it was put.
func ancestorsFromEnv() (string, error) {
	if err := standApart(); err != nil {
		return "", err
	}
	line, err := Ancestors(os.Getpid())
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: %w", err, errors.ErrUnsupported) // of this kernel
	}
	said, _ := json.Marshal(line) // numbers
	return string(said), err
}

// findFromEnv searches from where it was put, and says the answer in JSON.
func findFromEnv() (string, error) {
	if err := standApart(); err != nil {
		return "", err
	}
	inode, err := strconv.ParseUint(os.Getenv("INODE"), 10, 32)
	if err != nil {
		return "", err
	}
	res, err := Scanner{}.Find(context.Background(), []uint32{uint32(inode)})
	if err != nil {
		return "", err
	}
	said, err := json.Marshal(res)
	return string(said), err
}

// mountProc mounts proc in our own mount namespace. Before Linux 5.8 all of a pid namespace have the same options.
func mountProc(options string) error {
	if err := errors.Join(
		unix.Mount("none", "/proc", "", unix.MS_REC|unix.MS_PRIVATE, ""), // "/" is no mount point in a chroot
		unix.Mount("proc", "/proc", "proc", 0, strings.TrimPrefix(options, "rw")),
	); err != nil {
		return err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err == nil && strings.HasPrefix(options, "hidepid") && !strings.Contains(string(mounts), "hidepid=") {
		return fmt.Errorf("mount option %s had no effect: %w", options, errors.ErrUnsupported)
	}
	return err
}
