package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/report"
	"portguard/netdiag/holders"
	"portguard/netdiag/portrange"
)

// ladderLong runs the tests of the ladder at the length at which chance has no part in them.
var ladderLong = flag.Bool("ladder.long", false, "run the tests of the ladder hundreds of times: half an hour")

// many is a number of repetitions.
func many(short, long int) int {
	if *ladderLong {
		return long
	}
	return short
}

// ladderPort counts the ports that were used: what a test leaves behind may hold its port for a minute.
var ladderPort atomic.Uint32

// ladder is the stage of the rungs: holders of ports in processes of their own, and a service that wants the ports.
type ladder struct {
	rig                        *holders.Rig
	portguard, service, keeper string
}

func newLadder(t *testing.T) *ladder {
	t.Helper()
	return &ladder{
		rig:       holders.New(t),
		portguard: binary(t),
		service:   builds.build(t, "./testdata/ladder/service"),
		keeper:    builds.build(t, "./testdata/ladder/keeper"),
	}
}

// port is another one each time.
func (l *ladder) port() uint16 { return 21000 + uint16(ladderPort.Add(1)) }

var (
	loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	loopback6 = netip.IPv6Loopback()
	mapped4   = netip.AddrFrom16(loopback4.As16())
)

// tcpSpec is a TCP holder without any option.
func tcpSpec(addr netip.Addr, state holders.State, origin holders.Origin) holders.Spec {
	return holders.Spec{Options: holders.Options{Protocol: unix.IPPROTO_TCP, Addr: addr}, State: state, Origin: origin}
}

// pooled is a connection of a pool: the kernel picked its port.
func pooled(addr netip.Addr) holders.Spec { return tcpSpec(addr, holders.Established, holders.Picked) }

// take gives the holder's socket to a process, which never lets go of it.
func (l *ladder) take(t *testing.T, h *holders.Holder, flags ...string) *actor {
	t.Helper()
	fd := h.FD
	h.FD = -1
	return l.keep(t, nil, []int{fd}, flags...)
}

// keep gives sockets to a process. The test has them no more: portguard would not touch what one of its ancestors has.
func (l *ladder) keep(t *testing.T, as *syscall.Credential, fds []int, flags ...string) *actor {
	t.Helper()
	cmd := exec.Command(l.keeper, append(flags, strconv.Itoa(len(fds)))...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	for _, fd := range fds {
		file := os.NewFile(uintptr(fd), "socket")
		defer file.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	}
	p := launchCommand(t, cmd)
	p.expect(t, "ready")
	return p
}

// start runs the service behind portguard.
func (l *ladder) start(t *testing.T, port uint16, flags ...string) *actor {
	t.Helper()
	argv := slices.Concat([]string{l.portguard}, flags, []string{"-p", number(port), "--", l.service, number(port)})
	return launch(t, argv...)
}

// serves starts the service behind portguard and makes sure that it answers.
func (l *ladder) serves(t *testing.T, port uint16, flags ...string) *actor {
	t.Helper()
	p := l.start(t, port, flags...)
	p.expect(t, "up")
	if got := httpGet(number(port)); got != "200 up" {
		t.Errorf("the service on %d answers %q", port, got)
	}
	return p
}

// stop ends a program by a signal.
func (p *actor) stop(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Error(err)
	}
	p.end(t)
}

// dies makes sure that the service alone, which sets SO_REUSEADDR, cannot start.
func (l *ladder) dies(t *testing.T, port uint16) {
	t.Helper()
	p := launch(t, l.service, number(port))
	if status := p.end(t); status != int(unix.EADDRINUSE) {
		t.Fatalf("the service alone ends with status %d, want %d (EADDRINUSE)\n%s", status, unix.EADDRINUSE, p.errs.String())
	}
}

// report runs portguard without a command.
func (l *ladder) report(t *testing.T, as *syscall.Credential, args ...string) (status int, e report.JSONEndpoint) {
	t.Helper()
	cmd := exec.Command(l.portguard, append([]string{"--json"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	p := launchCommand(t, cmd)
	text := p.output()
	status = p.end(t)
	var doc report.JSONReport
	if err := json.Unmarshal([]byte(text), &doc); err != nil || len(doc.Endpoints) != 1 {
		t.Fatalf("status %d, %d endpoints, %v\n%s%s", status, len(doc.Endpoints), err, text, p.errs.String())
	}
	return status, doc.Endpoints[0]
}

// actionsOf puts the actions of a report one a line.
func actionsOf(e report.JSONEndpoint) string {
	var b strings.Builder
	for _, a := range e.Actions {
		fmt.Fprintf(&b, "%s %s: %s\n", a.Rung, a.Result, a.Detail)
	}
	return b.String()
}

// echoes sends a message to the process that keeps the other end, and waits for it to come back.
func echoes(t *testing.T, peer int) {
	t.Helper()
	if err := unix.SetsockoptTimeval(peer, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	const message = "still there?"
	buf := make([]byte, len(message))
	if _, err := unix.Write(peer, []byte(message)); err != nil {
		t.Errorf("the connection: %v", err)
		return
	}
	if n, err := unix.Read(peer, buf); err != nil || string(buf[:n]) != message {
		t.Errorf("the connection sends back %q, %v", buf[:max(n, 0)], err)
	}
}

// isReset reports whether the other end has broken the connection.
func isReset(peer int) bool {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, _, err := unix.Recvfrom(peer, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT); err == unix.ECONNRESET {
			return true
		}
	}
	return false
}

// narrowed runs f while the kernel picks this port or none.
func narrowed(t *testing.T, port uint16, f func()) {
	t.Helper()
	before, err := portrange.Ephemeral()
	if err != nil {
		t.Fatal(err)
	}
	if err := portrange.SetEphemeral(portrange.Range{Low: port, High: port}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := portrange.SetEphemeral(before); err != nil {
			t.Error(err)
		}
	}()
	f()
}

func number(port uint16) string { return strconv.Itoa(int(port)) }
