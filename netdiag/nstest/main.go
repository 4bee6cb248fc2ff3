// Package nstest lets a package's tests have a network namespace to themselves: every port free, no traffic from
// outside, sysctls that may be changed, and nothing left behind. For tests, and for the programs that prove and measure.
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
	"syscall"
	"testing"
)

// outsideEnv holds the name of the network namespace that the tests have left. A process whose own namespace differs
// from it is inside: so helper processes and fuzz workers, which inherit the variable, stay where they are, and a
// variable left over in a shell does no harm.
const outsideEnv = "PORTGUARD_NSTEST_OUTSIDE"

// Main runs the tests of m in a fresh network namespace with loopback up and returns the exit status for os.Exit. The kernel
// picks ports from 52000-60999 there: the ports that tests name lie below.
// It does so by running the test binary a second time; flags, profiles, fuzzing and signals work as without it.
// Where no namespace can be had it says why and returns 1: to skip every test would look like success.
func Main(m *testing.M) int {
	here, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return fail(err)
	}
	if outside := os.Getenv(outsideEnv); outside == "" || outside == here {
		return statusOf(Enter(outsideEnv + "=" + here))
	}
	if err := errors.Join(LoopbackUp(), pickHigh()); err != nil {
		return fail(err)
	}
	startWithDefaults()
	return m.Run()
}

// startWithDefaults lets the programs that tests start begin with no signal ignored, under nohup and in the background of
// a script as well: who catches a signal has it at its default in what he executes. Here it goes on doing nothing.
func startWithDefaults() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} { // Go leaves no other ignored
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// statusOf is the exit status after the tests have run, inside, with this result.
func statusOf(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		return fail(err)
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		fmt.Fprintf(os.Stderr, "nstest: tests ended by signal: %v\n", status.Signal())
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "nstest: %v\n", err)
	return 1
}

// pickHigh keeps what the kernel picks away from the ports that tests name: one test's clients leave TIME_WAIT records, and a
// listener of the next could not be bound.
func pickHigh() error {
	return os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("52000 60999"), 0)
}
