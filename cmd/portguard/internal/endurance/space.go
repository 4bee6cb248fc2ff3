package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// insideEnv marks the run that is in a network namespace of its own.
const insideEnv = "PORTGUARD_ENDURANCE_INSIDE"

func inside() bool { return os.Getenv(insideEnv) != "" }

// enter runs this program again in a network namespace of its own.
func enter(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return errors.New("not passed")
	}
	if err != nil {
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

// The ports. The range from which the kernel picks is that of many a host whose services got in its way.
const (
	rangeLow, rangeHigh = 1024, 65000
	heldLow, heldHigh   = 30000, 30009
	besideHigh          = 30409 // the ports after the held ones, as a control
	waitedPort          = 30410 // of a client that keeps it
	crashingPort        = 30420
	quietPort           = 30421
	serverPort          = 65100 // of the churn
)

func setPickRange(low, high int) error {
	return os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", fmt.Appendf(nil, "%d %d", low, high), 0)
}
