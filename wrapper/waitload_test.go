package wrapper

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
	"portguard/netdiag/nstest"
)

// A host that makes a thousand connections a second on other ports does not keep a waiting portguard busy.
func TestWaitCostsNothing(t *testing.T) {
	const port, atLeast, thousands = 24000, 4 * time.Second, 3
	h := holders.New(t).Hold(t, port, pooled)
	others := start(t, storm, nil, nil)
	if line := others.says(t); line != "ready" {
		t.Fatal(line)
	}
	w := wait(t, t.Context(), patient, tcp(port))
	began, before := time.Now(), cpuTime(t)
	for range thousands {
		others.says(t)
	}
	time.Sleep(atLeast - time.Since(began))
	used, span := cpuTime(t)-before, time.Since(began)
	t.Logf("%v of CPU in %v (%.2f %%), beside %d connections and more", used, span, 100*used.Seconds()/span.Seconds(), 1000*thousands)
	if used > span/100 {
		t.Errorf("used %v of CPU in %v: more than 1 %%", used, span)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	w.checkFreed(t, 5*time.Second)
}

// cpuTime is what the whole process has used so far, in user mode and in the kernel.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// More sockets are closed on the port than the kernel keeps events for: the last one counts all the same. The guard is
// stopped until some are lost, and runs as an ordinary user, whose buffer the system's limit holds.
func TestWaitSurvivesLostEvents(t *testing.T) {
	nstest.Root(t) // to become that user
	const port, closes = 24010, 10_000
	rig := holders.New(t)
	h := rig.Hold(t, port, pooled)
	p := start(t, guards, nil, as(64001), job{patient, []uint16{port}}.env(t))
	if line := p.says(t); line != "waiting" {
		t.Fatal(line)
	}
	time.Sleep(50 * time.Millisecond) // from there to its sleep
	if err := p.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range closes {
		closeBeside(t, port)
	}
	// The kernel passes on the events at its leisure.
	for deadline := time.Now().Add(time.Minute); droppedEvents(t, p.cmd.Process.Pid) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Skipf("the receive buffer has room for %d events", closes)
		}
	}
	if err := p.cmd.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // it has heard of the loss, and found the port taken
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	got := decode[[]result](t, p)
	if got[0].Verdict != "free" || got[0].By != "wait" {
		t.Errorf("got %+v", got)
	}
}

// closeBeside listens on the same port of another address, and closes the socket.
func closeBeside(t *testing.T, port uint16) {
	t.Helper()
	fd, err := holders.Options{Protocol: unix.IPPROTO_TCP, Addr: netip.AddrFrom4([4]byte{127, 0, 0, 2})}.Bind(port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
}

// droppedEvents counts the messages that a process's sock_diag sockets had no room for: the ninth column; the inode is
// the tenth.
func droppedEvents(t *testing.T, pid int) int {
	t.Helper()
	inodes := socketsOf(t, pid)
	table, err := os.ReadFile("/proc/net/netlink")
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[1] != strconv.Itoa(unix.NETLINK_SOCK_DIAG) || !inodes[fields[9]] {
			continue
		}
		n, err := strconv.Atoi(fields[8])
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		dropped += n
	}
	return dropped
}

// socketsOf are the inodes of a process's sockets.
func socketsOf(t *testing.T, pid int) map[string]bool {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	inodes := map[string]bool{}
	for _, fd := range fds {
		target, err := os.Readlink(dir + fd.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}
