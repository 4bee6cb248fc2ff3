package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// measureScale is for a table of its own: crowds as few hosts have them. It takes minutes, and some GiB of memory.
func (b *bench) measureScale() error {
	if err := errors.Join(nstest.LoopbackUp(), pickAny()); err != nil {
		return err
	}
	b.slow /= 5 // a round takes many seconds
	services, err := startServices(b.services)
	if err == nil {
		err = withLoad(b.processes, b.connections, func(*load) error { return b.audit() })
	}
	services.stop()
	if err != nil {
		return err
	}
	return withLoad(b.hostProcesses, b.hostConnections, func(l *load) error {
		return b.held(l, sockets(b.hostConnections), heldBars{bpf: 0.08})
	})
}

// audit is of all services, and looks on for no time that counts.
func (b *bench) audit() error {
	argv := []string{b.portguard, "audit", "--sample", "1ms", "--json"}
	out, status, err := output(argv...)
	if err != nil {
		return err
	}
	var report struct{ Services struct{ Count int } }
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("status %d: %w\n%s", status, err, out)
	}
	const ofTheLoad = 1 // all its listeners have one port
	if want := b.services + ofTheLoad; report.Services.Count != want {
		return fmt.Errorf("%d services are found, want %d", report.Services.Count, want)
	}
	took, err := costsInTurn(b.slow, command{argv, status}, command{[]string{"ss", "-tanp"}, 0})
	if err != nil {
		return err
	}
	r := took[0].over(took[1])
	b.add(ratioRow(fmt.Sprintf("`audit` of %d services beside %s, without the time for which it looks on", b.services, sockets(b.connections)),
		"`ss -tanp`", r.wall, 0.3))
	b.add(ratioRow("the same, processor time", "`ss -tanp`", r.processor, 0.3))
	return nil
}

// startServices starts processes, each of which has inherited a listener.
func startServices(n int) (processes, error) {
	const first = 30_000 // which the kernel may pick
	var all processes
	for i := range n {
		fd, err := listen(&unix.SockaddrInet4{Port: first + i})
		if err != nil {
			return all, err
		}
		listener := os.NewFile(uintptr(fd), "listener")
		cmd := exec.Command("sleep", "infinity")
		cmd.ExtraFiles = []*os.File{listener}
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		err = cmd.Start()
		listener.Close()
		if err != nil {
			return all, err
		}
		all = append(all, cmd)
	}
	return all, nil
}
