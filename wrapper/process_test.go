package wrapper

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/holders"
)

// Other processes of a test are this test binary again, or a copy of it, playing a part.
const partEnv = "PORTGUARD_WRAPPER_TEST_PART"

// The parts. A victim has a socket as fd 3.
const (
	obeys    = "obeys"    // ends at SIGTERM
	ignores  = "ignores"  // does not
	listens  = "listens"  // at SIGUSR1
	rings    = "rings"    // as obeys, with the socket in an io_uring alone
	letsGo   = "lets go"  // closes the socket at SIGTERM, and lives on
	hangsUp  = "hangs up" // closes the connection when its peer does
	storm    = "storm"    // makes a thousand connections a second with itself
	guards   = "guards"   // runs a Guard, as its jobEnv says
	keeps    = "keeps"    // keeps what it is sent by fd 3, see keeper
	inside   = "inside"   // runs a Guard in a pid namespace of its own, beside a stranger
	contains = "contains" // is a container, with a holder
)

func play(part string) int {
	if part == keeps {
		return keepAsTold()
	}
	go func() { // it ends with the test even when that is killed
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if part == guards {
		return guardAsTold() // also where there is no /proc/self
	}
	if err := os.WriteFile("/proc/self/comm", []byte("victim"), 0); err != nil {
		fmt.Println("error", err)
		return 1
	}
	switch part {
	case storm:
		return connectForEver()
	case inside:
		return guardInside()
	case contains:
		return contain()
	}
	return beVictim(part)
}

func beVictim(part string) int {
	incoming := make(chan os.Signal, 64)
	signal.Notify(incoming, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGTERM, unix.SIGWINCH)
	if part == hangsUp {
		go func() {
			var buf [1]byte
			_, _ = unix.Read(3, buf[:])
			unix.Close(3)
		}()
	}
	if part == rings {
		if err := keepInRing(3); err != nil {
			fmt.Println("error", err)
			return 1
		}
	}
	fmt.Println("ready")
	for s := range incoming {
		fmt.Println(unix.SignalName(s.(syscall.Signal)))
		switch {
		case s == unix.SIGUSR1 && part == listens:
			if err := unix.Listen(3, 1); err != nil {
				fmt.Println("listen:", err)
			}
		case s != unix.SIGTERM:
		case part == obeys, part == rings:
			return 0
		case part == letsGo:
			unix.Close(3)
		}
	}
	return 0
}

// process is another process of a test. It is ended with it.
type process struct {
	cmd   *exec.Cmd
	lines chan string // what it says; closed when it has ended
	ended chan struct{}
}

// start runs a part until the test ends. Of attr every field may be set.
func start(t *testing.T, part string, file *os.File, attr *syscall.SysProcAttr, env ...string) *process {
	t.Helper()
	program := "/proc/self/exe" // the directory of the test binary is closed to other users
	if part != guards && part != inside {
		program = anotherProgram(t)
	}
	cmd := exec.Command(program)
	cmd.Env = append(append(os.Environ(), env...), partEnv+"="+part)
	cmd.SysProcAttr, cmd.Stderr = attr, os.Stderr
	if file != nil {
		cmd.ExtraFiles = []*os.File{file}
	}
	return launch(t, cmd)
}

func launch(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd, make(chan string, 1024), make(chan struct{})}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
		_ = cmd.Wait() // ProcessState has all there is to know
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails only when it has ended
		_ = stdin.Close()
		<-p.ended
	})
	return p
}

// says returns the next line.
func (p *process) says(t *testing.T) string {
	t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			t.Fatalf("%v ended without a word", p.cmd.Env[len(p.cmd.Env)-1])
		}
		return line
	case <-time.After(20 * time.Second):
		t.Fatal("the process says nothing")
	}
	panic("unreachable")
}

// signals returns the signals that a victim has got so far, which must not have ended it. They are asked for by one that
// is delivered after every other.
func (p *process) signals(t *testing.T) []string {
	t.Helper()
	if err := p.cmd.Process.Signal(unix.SIGWINCH); err != nil {
		t.Fatalf("the process has ended: %v", err)
	}
	var got []string
	for {
		s := p.says(t)
		if s == "SIGWINCH" {
			return got
		}
		got = append(got, s)
	}
}

// endedBy waits for its end and returns the signal that ended it, 0 for none.
func (p *process) endedBy(t *testing.T) syscall.Signal {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the process has not ended")
	}
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return status.Signal()
	}
	return 0
}

// victims gives a holder's socket away: each of the parts has it, and nobody else.
func victims(t *testing.T, h *holders.Holder, attr *syscall.SysProcAttr, parts ...string) []*process {
	t.Helper()
	file := os.NewFile(uintptr(h.FD), "holder")
	h.FD = -1
	defer file.Close()
	return startAll(t, file, attr, parts)
}

// peerProcess gives the other end of a holder's connection to a process of its own, which closes it when the holder has.
func peerProcess(t *testing.T, h *holders.Holder) *process {
	t.Helper()
	file := os.NewFile(uintptr(h.Peer), "peer")
	h.Peer = -1
	defer file.Close()
	return startAll(t, file, nil, []string{hangsUp})[0]
}

func startAll(t *testing.T, file *os.File, attr *syscall.SysProcAttr, parts []string) []*process {
	t.Helper()
	all := make([]*process, len(parts))
	for i, part := range parts {
		all[i] = start(t, part, file, attr)
		if line := all[i].says(t); line != "ready" {
			t.Fatalf("%s: %s", part, line)
		}
	}
	return all
}

// as starts a process as another user, without capabilities.
func as(uid uint32) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}

// decode reads the one line that a process answers with.
func decode[T any](t *testing.T, p *process) T {
	t.Helper()
	line := p.says(t)
	var v T
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return v
}
