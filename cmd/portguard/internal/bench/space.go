package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// insideEnv marks the run that is in a network namespace of its own.
const insideEnv = "PORTGUARD_BENCH_INSIDE"

// inside reports whether this run is in a namespace of its own; the first one is not, and starts the second.
func inside() bool { return os.Getenv(insideEnv) != "" }

// enter runs this program again in a network namespace of its own.
func enter() error {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			os.Exit(max(exit.ExitCode(), 1))
		}
		return fmt.Errorf("a network namespace takes root: %w", err)
	}
	return nil
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(lo)
}

const (
	portRange = "/proc/sys/net/ipv4/ip_local_port_range"
	// Clients get their ports from here, and all other ports of the benchmark lie below.
	firstPort, lastPort = 20_000, 60_999
)

// withPorts does something while the kernel picks ports from a range. Only one process at a time may.
func withPorts(first, last int, do func() error) error {
	if err := setPorts(first, last); err != nil {
		return err
	}
	return errors.Join(do(), setPorts(firstPort, lastPort))
}

func setPorts(first, last int) error {
	return os.WriteFile(portRange, fmt.Appendf(nil, "%d %d", first, last), 0)
}

// unitCgroup is a cgroup as systemd makes one for a service.
type unitCgroup struct {
	dir     *os.File
	outside string // the directory of the root of the hierarchy
}

const unitName = "bench.service"

// makeCgroup makes one in the cgroup v2 hierarchy.
func makeCgroup() (unitCgroup, error) {
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return unitCgroup{}, err
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" {
			continue
		}
		slice, err := os.MkdirTemp(fields[1], "bench*.slice")
		if err != nil {
			return unitCgroup{}, err
		}
		path := filepath.Join(slice, unitName)
		if err := os.Mkdir(path, 0o755); err != nil {
			return unitCgroup{}, err
		}
		dir, err := os.Open(path)
		return unitCgroup{dir, fields[1]}, err
	}
	return unitCgroup{}, errors.New("no cgroup v2 hierarchy is mounted")
}

// remove waits for the kernel to let go of the last process.
func (c unitCgroup) remove() {
	path := c.dir.Name()
	_ = c.dir.Close()
	for range 100 {
		if os.Remove(path) == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := os.Remove(filepath.Dir(path)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}
