// Package nstest lets a package's tests have a network namespace to themselves: every port free, no traffic from
// outside, sysctls that may be changed, and nothing left behind. Test support only.
//
//	func TestMain(m *testing.M) { os.Exit(nstest.Main(m)) }
//
// Neither root nor a privileged container is needed where the kernel allows unprivileged user namespaces.
package nstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
)

// outsideEnv holds the name of the network namespace that the tests have left. A process whose own namespace differs
// from it is inside: so helper processes and fuzz workers, which inherit the variable, stay where they are, and a
// variable left over in a shell does no harm.
const outsideEnv = "PORTGUARD_NSTEST_OUTSIDE"

// Main runs the tests of m in a fresh network namespace with loopback up and returns the exit status for os.Exit.
// It does so by running the test binary a second time; flags, profiles, fuzzing and signals work as without it.
// Where no namespace can be had it says why and returns 1: to skip every test would look like success.
func Main(m *testing.M) int {
	here, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return fail(err)
	}
	if outside := os.Getenv(outsideEnv); outside == "" || outside == here {
		status, err := runInside(here)
		if err != nil {
			return fail(err)
		}
		return status
	}
	if err := loopbackUp(); err != nil {
		return fail(err)
	}
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "nstest: these tests need a network namespace of their own (root, or unprivileged user namespaces): %v\n", err)
	return 1
}

// runInside runs this binary with the same arguments in a new network namespace and returns its exit status.
func runInside(here string) (int, error) {
	// The parent death signal is sent when the thread that forked ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd, err := startInside(here)
	if err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // fails only when it has ended, which Wait reports
		}
	}()
	err = cmd.Wait()
	signal.Stop(signals)
	close(signals)

	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		fmt.Fprintf(os.Stderr, "nstest: tests ended by signal: %v\n", status.Signal())
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}

// startInside tries as root, then as root of a new user namespace.
func startInside(here string) (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var refused error
	for _, flags := range []uintptr{syscall.CLONE_NEWNET, syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER} {
		cmd := exec.Command(exe, os.Args[1:]...)
		cmd.Args[0] = os.Args[0]
		cmd.Env = append(os.Environ(), outsideEnv+"="+here)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		if flags&syscall.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		}
		err := cmd.Start()
		if err == nil {
			return cmd, nil
		}
		refused = errors.Join(refused, fmt.Errorf("clone flags %#x: %w", flags, err))
	}
	return nil, refused
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("loopback up: %w", err)
	}
	return nil
}
