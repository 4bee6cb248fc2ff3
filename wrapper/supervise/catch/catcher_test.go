//go:build amd64 || arm64

package catch

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
)

// catcherEnv makes this binary a process that catches every signal and tells of each, in the way that the variable says.
const catcherEnv = "PORTGUARD_TEST_CATCHER"

func TestMain(m *testing.M) {
	if how := os.Getenv(catcherEnv); how != "" {
		if err := catcher(how); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func catcher(how string) error {
	signal.Ignore(unix.SIGPIPE) // of ours
	all, err := Signals(^become.SignalSet(0))
	if err != nil {
		return err
	}
	switch how {
	case "busy":
		for range 2 * runtime.GOMAXPROCS(0) {
			go func() {
				for n := 0; ; n++ { // without a call, so that nothing but a signal interrupts it
					_ = n
				}
			}()
		}
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
	case "fault":
		func() {
			defer func() { fmt.Println("recovered:", recover()) }()
			var nowhere *int
			*nowhere = 1
		}()
	case "broken pipe":
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		r.Close()
		_, err = w.WriteString("to nobody")
		fmt.Println(err)
	case "slow":
		if err := occupyDelivery(); err != nil {
			return err
		}
	case "fast":
	default:
		return fmt.Errorf("a catcher cannot be %q", how)
	}
	fmt.Println("ready")
	if how == "slow" { // it does not look until it is told to
		if _, err := io.ReadAll(os.Stdin); err != nil {
			return err
		}
	}
	for {
		select {
		case info := <-all:
			fmt.Println(tell(info))
		case <-time.After(time.Second):
			if how == "slow" { // that was all
				return nil
			}
		}
	}
}

// occupyDelivery returns when whoever reads the pipe is busy with a first signal, which nobody takes from him: from then on the
// pipe only fills.
func occupyDelivery() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	first := valued(42, 0)
	first.set(offsetPID, int32(os.Getppid())) // our own are passed over
	// This thread has it when the call returns.
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(unix.Getpid()), uintptr(unix.Gettid()),
		uintptr(first.Signal()), uintptr(unsafe.Pointer(&first)), 0, 0); errno != 0 {
		return errno
	}
	for {
		unread, err := unix.IoctlGetInt(int(pipe), unix.TIOCINQ)
		if err != nil || unread == 0 {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func tell(i Info) string {
	text := fmt.Sprint(int(i.Signal()))
	switch {
	case i.queued():
		text += fmt.Sprintf(" value %d", binary.NativeEndian.Uint64(i[offsetValue:]))
	case !i.Sent():
		text += " from the kernel"
	}
	return text
}

// process is a catcher.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Scanner
}

func start(t *testing.T, how string) *process {
	t.Helper()
	runtime.LockOSThread() // the parent death signal is about the thread
	t.Cleanup(runtime.UnlockOSThread)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), catcherEnv+"="+how)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
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
	deadline := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() }) // and the test fails
	t.Cleanup(func() {
		deadline.Stop()
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	return &process{cmd, stdin, bufio.NewScanner(stdout)}
}

// says returns what the process writes until a line, or its end.
func (p *process) says(until string) (lines []string) {
	for p.out.Scan() {
		lines = append(lines, p.out.Text())
		if p.out.Text() == until {
			break
		}
	}
	return lines
}

// pending reports whether there are signals that the process has not been interrupted by yet.
func (p *process) pending(t *testing.T) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return !strings.Contains(string(status), "\nShdPnd:\t0000000000000000\n")
}

func (p *process) pass(t *testing.T, i Info) {
	t.Helper()
	if err := i.PassOn(p.cmd.Process.Pid); err != nil {
		t.Errorf("signal %d: %v", int(i.Signal()), err)
	}
}
