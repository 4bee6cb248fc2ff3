package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/internal/needs"
)

// theListener is the service that says what signals it gets.
func theListener(t *testing.T) string {
	t.Helper()
	needs.Program(t, "gcc", "gcc")
	needs.File(t, "/usr/include/stdio.h", "libc6-dev")
	path := filepath.Join(t.TempDir(), "hears")
	if out, err := exec.Command("gcc", "-Wall", "-Werror", "-o", path, "testdata/supervise/hears/hears.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// lostSignals sends every signal to the init, one after the other. SIGKILL and SIGSTOP nobody can pass on.
func lostSignals(t *testing.T, c contender) string {
	t.Helper()
	var lost []string
	var p *actor
	for n := 1; n <= 64; n++ {
		sig := unix.Signal(n)
		if sig == unix.SIGKILL || sig == unix.SIGSTOP {
			continue
		}
		if p == nil {
			p = c.start(t, c.listener)
			p.expect(t, "ready")
		}
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Error(err)
		}
		if !p.hears(300*time.Millisecond, "got "+strconv.Itoa(n)) {
			name := unix.SignalName(sig)
			if name == "" {
				name = strconv.Itoa(n)
			}
			lost = append(lost, name)
		} else if sig != unix.SIGINT && sig != unix.SIGTERM {
			continue
		}
		p.killAll(t) // it may be in another state
		p = nil
	}
	if p != nil {
		p.killAll(t)
	}
	if len(lost) == 0 {
		return "none"
	}
	return ranges(lost)
}

// queuedSignals sends real-time signals with values, and says what has come of them.
func queuedSignals(t *testing.T, c contender) string {
	t.Helper()
	p := c.start(t, c.listener)
	p.expect(t, "ready")
	const sent = 100
	for n := range sent {
		sigqueue(t, p.pid(), 50, 1000+n)
	}
	all, values := 0, map[string]bool{}
	for timeout := time.After(2 * time.Second); all < sent; {
		select {
		case line := <-p.lines:
			all++
			if value, found := strings.CutPrefix(line, "got 50 value "); found {
				values[value] = true
			}
			continue
		case <-timeout:
		}
		break
	}
	p.killAll(t)
	return fmt.Sprintf("%d arrive, %d values", all, len(values))
}

// sigqueue is sigqueue(3).
func sigqueue(t *testing.T, pid int, sig unix.Signal, value int) {
	t.Helper()
	var info [128]byte // siginfo_t, on 64 bits
	const siQueue = -1
	for at, word := range map[int]int{0: int(sig), 8: siQueue, 16: os.Getpid(), 20: os.Getuid(), 24: value} {
		*(*uint32)(unsafe.Pointer(&info[at])) = uint32(word)
	}
	_, _, errno := unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(&info)))
	if errno != 0 {
		t.Error("rt_sigqueueinfo: ", errno)
	}
}

// ranges shortens 35, 36, 37 to 35-37.
func ranges(names []string) string {
	var out []string
	for i := 0; i < len(names); i++ {
		first, err := strconv.Atoi(names[i])
		last := first
		for err == nil && i+1 < len(names) && names[i+1] == strconv.Itoa(last+1) {
			last++
			i++
		}
		if last > first {
			out = append(out, fmt.Sprintf("%d-%d", first, last))
		} else {
			out = append(out, names[i])
		}
	}
	return strings.Join(out, ", ")
}

// A SIGPIPE of portguard's own, whose stderr nobody reads any more, is no signal to the service; one that is sent is.
func TestSuperviseOwnBrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	cmd := exec.Command("sh", "-c", `exec "$@" 2>&3 3>&-`, "sh", binary(t), "--restart", "no", "-v", "--ready-timeout", "300ms",
		"--stop-timeout", "1h", "-p", freePort(t), "--", theListener(t))
	cmd.ExtraFiles = []*os.File{w}
	p := launchCommand(t, cmd)
	p.expect(t, "ready")
	if got := p.expect(t, "got "); got != "15" { // as it does not listen, which portguard says, too
		t.Errorf("the service gets signal %s", got)
	}
	if err := p.cmd.Process.Signal(unix.SIGPIPE); err != nil {
		t.Fatal(err)
	}
	if got := p.expect(t, "got "); got != "13" {
		t.Errorf("the service gets signal %s, not the SIGPIPE that was sent", got)
	}
	p.killAll(t)
}

// With --process-group a signal goes to all of the service.
func TestSuperviseProcessGroup(t *testing.T) {
	p := launch(t, binary(t), "--restart", "no", "-q", "--process-group", "-p", freePort(t), "--",
		"sh", "-c", `trap "" USR1 50; "$0" & "$0"`, theListener(t))
	p.expect(t, "ready")
	p.expect(t, "ready")
	if err := p.cmd.Process.Signal(unix.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := p.expect(t, "got "); got != "10" {
			t.Errorf("one of the group gets %s", got)
		}
	}
	sigqueue(t, p.pid(), 50, 7)
	for range 2 {
		if got := p.expect(t, "got "); got != "50 value 7" && got != "50" { // before Linux 6.9
			t.Errorf("one of the group gets %s", got)
		}
	}
}
