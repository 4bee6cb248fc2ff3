package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"portguard/internal/needs"
)

// machine is what kernels run on. What is learned of it with one kernel holds for the next.
type machine struct {
	emulator string
	kvm      bool // guests run under KVM, as far as is known
	// How long a guest under KVM may take to come to the tests, and may say nothing new.
	start, silence time.Duration
	log            io.Writer
}

// newMachine believes in KVM where it may be opened. That says little: nested in another virtual machine it may be there
// and abort the emulator, or start guests that never get anywhere.
func newMachine(log io.Writer) *machine {
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err == nil {
		_ = device.Close() // nothing was asked of it
	}
	return &machine{emulator: "qemu-system-x86_64", kvm: err == nil, start: 15 * time.Second, silence: 2 * time.Minute, log: log}
}

// boot runs the tests on a kernel, under KVM if a guest gets to them at once, else emulated.
func (m *machine) boot(ctx context.Context, l line, kernel, image, said string) error {
	program, err := l.vmlinuz(kernel)
	if err != nil {
		return err
	}
	// An emulator with two processors hangs in an early boot now and then.
	emulated := attempt{start: 4 * time.Minute, silence: testLimit, tries: 3}
	if l.uml {
		emulated.command = userMode(program, image)
		return emulated.boot(ctx, said)
	}
	if _, err := needs.Find(m.emulator, "qemu-system-x86"); err != nil {
		return err
	}
	if m.kvm {
		virtual := attempt{m.qemu("kvm", "host", program, image), m.start, m.silence, 1}
		err := virtual.boot(ctx, said)
		if err == nil || ctx.Err() != nil {
			return err
		}
		m.kvm = false
		fmt.Fprintf(m.log, "kernels: /dev/kvm does not do, so guests are emulated: %s\n", oneLine(err))
	}
	emulated.command = m.qemu("tcg", "max", program, image)
	return emulated.boot(ctx, said)
}

// oneLine is an error without line breaks, as long as a line may be.
func oneLine(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return text[:min(len(text), 200)]
}

// qemu is the emulator, with a console on its stdout and a second serial line for the results.
func (m *machine) qemu(accel, cpu, program, image string) func(context.Context, *os.File) *exec.Cmd {
	return func(ctx context.Context, results *os.File) *exec.Cmd {
		return exec.CommandContext(ctx, "nice", "-n", "10", m.emulator,
			"-M", "pc", "-accel", accel, "-cpu", cpu, "-smp", "2", "-m", "1024",
			"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
			"-kernel", program, "-initrd", image,
			"-append", "console=ttyS0 panic=-1 mitigations=off nokaslr random.trust_cpu=on audit=0 reboot=t RESULTS=ttyS1 END=reboot",
			"-serial", "stdio", "-serial", "file:"+results.Name())
	}
}

// userMode is a kernel that is a program. Its console is on stdout, its serial line on descriptor 3.
func userMode(program, image string) func(context.Context, *os.File) *exec.Cmd {
	return func(ctx context.Context, results *os.File) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "nice", "-n", "10", program, "mem=1024M", "initrd="+image,
			"con=null", "con0=null,fd:1", "ssl=null", "ssl0=null,fd:3", "panic=-1", "RESULTS=ttyS0", "END=poweroff")
		cmd.ExtraFiles = []*os.File{results}
		return cmd
	}
}
