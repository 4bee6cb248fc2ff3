package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
)

// testLimit is how long the tests may take on one kernel: an emulated one is some twenty times as slow as a real one.
// startLimit is how long it may take to get to them; an emulator with two processors hangs in an early boot now and then.
const (
	testLimit  = 25 * time.Minute
	startLimit = 4 * time.Minute
	tries      = 3
)

// boot runs a kernel until it switches itself off. What the tests say goes to a file. The error has the end of what the
// kernel says, when it did not get to the end of the tests.
func (l line) boot(ctx context.Context, kernel, image, said string) error {
	if _, err := needs.Find(emulator, "qemu-system-x86"); err != nil && !l.uml {
		return err
	}
	program, err := l.vmlinuz(kernel)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		console, err := l.bootOnce(ctx, program, image, said)
		if isWhole(said) {
			return nil
		}
		info, statErr := os.Stat(said)
		switch {
		case statErr != nil:
			return statErr
		case try == tries || info.Size() > 0 || ctx.Err() != nil:
			return fmt.Errorf("it ended before the tests did: %v\n%s", err, console[max(0, len(console)-2000):])
		}
	}
}

// isWhole reports whether a file has what the tests said, to their end.
func isWhole(said string) bool {
	text, err := os.ReadFile(said)
	return err == nil && strings.Contains(string(text), "\n=== end")
}

// bootOnce returns what the kernel says. One that does not come to the tests, or not to their end, is stopped.
func (l line) bootOnce(ctx context.Context, program, image, said string) (console []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	results, err := os.Create(said)
	if err != nil {
		return nil, err
	}
	defer results.Close()
	cmd := userMode(ctx, program, image, results)
	if !l.uml {
		cmd = qemu(ctx, program, image, said)
	}
	// The parent death signal is sent when the thread that forked ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = time.Second
	starting := time.AfterFunc(startLimit, func() {
		if info, err := os.Stat(said); err == nil && info.Size() == 0 {
			cancel()
		}
	})
	defer starting.Stop()
	err = cmd.Run()
	return b.Bytes(), errors.Join(err, ctx.Err())
}

const emulator = "qemu-system-x86_64"

// qemu is the emulator, with a console on its stdout and a second serial line for the results.
func qemu(ctx context.Context, program, image, said string) *exec.Cmd {
	accel, cpu := "tcg", "max"
	if kvm, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0); err == nil {
		kvm.Close()
		accel, cpu = "kvm", "host"
	}
	return exec.CommandContext(ctx, "nice", "-n", "10", emulator,
		"-M", "pc", "-accel", accel, "-cpu", cpu, "-smp", "2", "-m", "1024",
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-kernel", program, "-initrd", image,
		"-append", "console=ttyS0 panic=-1 mitigations=off nokaslr random.trust_cpu=on audit=0 reboot=t RESULTS=ttyS1 END=reboot",
		"-serial", "stdio", "-serial", "file:"+said)
}

// userMode is a kernel that is a program. Its console is on stdout, its serial line on descriptor 3.
func userMode(ctx context.Context, program, image string, results *os.File) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nice", "-n", "10", program, "mem=1024M", "initrd="+image,
		"con=null", "con0=null,fd:1", "ssl=null", "ssl0=null,fd:3", "panic=-1", "RESULTS=ttyS0", "END=poweroff")
	cmd.ExtraFiles = []*os.File{results}
	return cmd
}
