// Command endurance runs portguard for half an hour on a busy host: in a network namespace of its own, beside a thousand
// connections a second, it waits, holds and supervises. What it takes is looked at every second, and at the end it must
// still do what it is there for.
//
//	go run ./cmd/internal/endurance [-time 30m] [-write docs/proof.md]
//
// It needs root. A run of less than five minutes is too short to tell growth of memory from its beginning: it is judged
// leniently there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"portguard/cmd/internal/measured"
	"portguard/netdiag/nstest"
)

func main() {
	// The children's parent death signal comes when the thread ends that has started them.
	runtime.LockOSThread()
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "endurance:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "churn":
		return beChurn()
	case len(args) == 3 && args[0] == "service":
		return beService(args[1], args[2])
	}
	fs := flag.NewFlagSet("endurance", flag.ExitOnError)
	length := fs.Duration("time", 30*time.Minute, "how `long` it goes on")
	write := fs.String("write", "", "put the table into this `FILE`, between its markers")
	_ = fs.Parse(args) // it exits by itself
	if *length < 10*time.Second {
		return errors.New("-time has to be 10s at least")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	portguard := os.Getenv(programEnv)
	if portguard == "" {
		return outside(ctx)
	}
	results, err := endure(ctx, portguard, *length)
	if err != nil {
		return err
	}
	text := results.table()
	fmt.Print(text)
	if *write != "" {
		if err := measured.Write(*write, "endurance", text); err != nil {
			return err
		}
	}
	if err := results.failure(); err != nil {
		return fmt.Errorf("%w\n%s", err, results.said)
	}
	return nil
}

// programEnv tells the run in the namespace where portguard is.
const programEnv = "PORTGUARD_ENDURANCE_PROGRAM"

// outside builds portguard, for which no module could be downloaded in the namespace, and runs the rest there.
func outside(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "portguard-endurance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	portguard := filepath.Join(dir, "portguard")
	if err := build(ctx, portguard); err != nil {
		return err
	}
	return nstest.Enter(programEnv + "=" + portguard)
}

// build makes portguard as it is released.
func build(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w -E portguard/wrapper/become.entry", "-o", path, "portguard/cmd/portguard")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}
