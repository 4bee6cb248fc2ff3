package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/nstest"
)

// host is the namespace at work: a client that keeps a port, the churn, and the portguards that are watched.
type host struct {
	client, peer int // both ends of the connection that has waitedPort
	churn        *process
	began        time.Time // of the churn
	waiter       *process  // for the client's port
	busyWaiter   *process  // for the port of the churn's server
	hold         *process
	crashing     *process // supervises a service that crashes
	quiet        *process // supervises one that does not
}

// watched are those whose samples are taken.
func (h *host) watched() []*process {
	return []*process{h.waiter, h.busyWaiter, h.hold, h.crashing, h.quiet}
}

// endure runs for some time, and then looks whether everything still works.
func endure(ctx context.Context, portguard string, length time.Duration) (*results, error) {
	h := &host{client: -1, peer: -1}
	defer h.stop()
	if err := h.start(portguard); err != nil {
		return nil, err
	}
	r := &results{length: length, bars: barsFor(length)}
	if err := h.watch(ctx, time.Now().Add(length)); err != nil {
		return nil, err
	}
	for _, p := range h.watched() {
		r.processes = append(r.processes, fared{p.name, trendOf(p.samples)})
	}
	err := h.finish(r)
	for _, p := range h.watched() {
		r.said += fmt.Sprintf("\n%s:\n%s", p.name, &p.errs)
	}
	return r, err
}

// start lets the client be given its port, and then the kernel pick from the whole range.
func (h *host) start(portguard string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := errors.Join(nstest.LoopbackUp(), pickFrom(waitedPort, waitedPort)); err != nil {
		return err
	}
	if h.client, h.peer, err = connection(); err != nil {
		return err
	}
	if err := pickFrom(rangeLow, rangeHigh); err != nil {
		return err
	}
	guard := func(to **process, name string, argv ...string) {
		if err == nil {
			*to, err = start(name, append([]string{portguard}, argv...)...)
		}
	}
	port := strconv.Itoa
	guard(&h.hold, "`hold`, ten ports", "hold", "-p", fmt.Sprintf("%d-%d", heldLow, heldHigh))
	guard(&h.crashing, "`--restart always`, a service that crashes every "+runLength.String(), "--restart", "always", "--restart-delay", "0s",
		"--restart-limit", "none", "-p", port(crashingPort), "--", self, "service", port(crashingPort), runLength.String())
	guard(&h.quiet, "`--restart always`, a service that does not", "--restart", "always", "-p", port(quietPort),
		"--", self, "service", port(quietPort), "0s")
	if err != nil {
		return err
	}
	if err := errors.Join(h.hold.said("holding"), h.crashing.says("up"), h.quiet.says("up")); err != nil {
		return err
	}
	if h.churn, err = start("the churn", self, "churn"); err != nil {
		return err
	}
	if err := h.churn.says("ready"); err != nil {
		return err
	}
	h.began = time.Now()
	guard(&h.waiter, "`--wait forever`, a client's port", "--wait", "forever", "-p", port(waitedPort), "--", "true")
	guard(&h.busyWaiter, "`--wait forever`, a busy server's port", "--wait", "forever", "-p", port(serverPort), "--", "true")
	if err != nil {
		return err
	}
	return errors.Join(h.waiter.said("waiting"), h.busyWaiter.said("waiting"))
}

// connection makes one within this process; the client's port is the kernel's choice.
func connection() (client, peer int, err error) {
	const port = serverPort + 1
	listener, err := listenAll(port)
	if err != nil {
		return -1, -1, err
	}
	defer unix.Close(listener)
	client, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(client, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		unix.Close(client)
		return -1, -1, os.NewSyscallError("connect", err)
	}
	peer, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return client, peer, os.NewSyscallError("accept", err)
}

// watch takes a sample of everything each second.
func (h *host) watch(ctx context.Context, until time.Time) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for time.Now().Before(until) {
		for _, p := range h.watched() {
			s, err := take(p.cmd.Process.Pid)
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", p.name, err, &p.errs)
			}
			p.samples = append(p.samples, s)
		}
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case <-h.churn.ended:
			return fmt.Errorf("the churn has ended: %s", &h.churn.errs)
		case <-tick.C:
		}
	}
	return nil
}

// finish looks whether all still do what they are there for, and ends them.
func (h *host) finish(r *results) error {
	// The server closes first: nothing remains of the client.
	unix.Close(h.peer)
	unix.Close(h.client)
	h.client, h.peer = -1, -1
	took, ok := h.waiter.endsIn(10 * time.Second)
	r.check("the waiter starts its command once the client has closed", ok && took < atOnce+20*nothing(), "after %s", took.Round(100*time.Microsecond))

	r.check("the service that crashes is up", greeted(crashingPort), "")
	starts, lost := h.crashing.heard()
	r.check("its starts, and those that found the port taken", starts > 1 && lost == 0, "%d, %d", starts, lost)
	r.check("the other service is up", greeted(quietPort), "")
	starts, lost = h.quiet.heard()
	r.check("its starts, and those that found the port taken", starts == 1 && lost == 0, "%d, %d", starts, lost)

	lasted := time.Since(h.began)
	_ = h.churn.stdin.Close()
	took, ok = h.busyWaiter.endsIn(10 * time.Second)
	r.check("the other waiter starts its command once the server has gone", ok && took < soon+20*nothing(), "after %s", took.Round(100*time.Microsecond))
	text, err := h.churn.line()
	if err != nil {
		return err
	}
	var p picks
	if _, err := fmt.Sscanf(text, picksFormat, &p.made, &p.failed, &p.held, &p.beside, &p.own); err != nil {
		return fmt.Errorf("the churn says %q: %w", text, err)
	}
	persecond := float64(p.made) / lasted.Seconds()
	r.check("connections", persecond > 0.95*rate, "%d, %.0f a second", p.made, persecond)
	r.check(fmt.Sprintf("of them on the ports %d to %d, which were held", heldLow, heldHigh), p.held == 0, "%d", p.held)
	r.check(fmt.Sprintf("of them on the ports %d to %d, which were not", heldHigh+1, besideHigh), p.beside > 0, "%d", p.beside)
	r.check("of them on a port of a supervised service", p.own == 0, "%d", p.own)
	h.hold.stop()
	code := h.hold.cmd.ProcessState.ExitCode()
	r.check("`hold` ends when it is asked to, with the status", code == 0, "%d", code)
	return nil
}

// How long a waiter may take. It is told at once, but others want the processor, too. Where the kernel tells of a thousand
// sockets a second, and bind() goes through ten thousand TIME_WAIT records, it tries the port now and then only.
const (
	atOnce = 500 * time.Millisecond
	soon   = 2 * time.Second
)

// stop ends what is still there.
func (h *host) stop() {
	for _, p := range append(h.watched(), h.churn) {
		if p != nil {
			p.stop()
		}
	}
	for _, fd := range []int{h.client, h.peer} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
