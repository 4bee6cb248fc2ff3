package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/cmd/portguard/internal/cli"
)

// stuffed is a pipe that is full, and that nobody reads.
func stuffed(t *testing.T) *os.File {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	reader, writer := os.NewFile(uintptr(fds[0]), "reader"), os.NewFile(uintptr(fds[1]), "stuffed pipe")
	t.Cleanup(func() { reader.Close(); writer.Close() })
	for page := make([]byte, 4096); ; {
		if _, err := unix.Write(fds[1], page); err == unix.EAGAIN {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.SetNonblock(fds[1], false); err != nil {
		t.Fatal(err)
	}
	return writer
}

// Nobody reads what a start has to say: the service starts all the same, soon.
func TestFullStderrDelaysNoStart(t *testing.T) {
	portguard := binary(t)
	for name, argv := range map[string][]string{
		"messages":  {portguard, "-v", "-p", "40301", "--", "echo", "started"},
		"JSON":      {portguard, "--json", "-p", "40401-40500", "--", "echo", "started"},
		"supervise": {portguard, "-v", "--restart", "no", "-p", "40302", "--", "echo", "started"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pipe := stuffed(t)
			a := sufferCommand(t, 20*time.Second, func(ctx context.Context) *exec.Cmd {
				cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
				cmd.Stderr = pipe
				return cmd
			})
			if a.status != 0 || a.out != "started\n" {
				t.Errorf("status %d, %q", a.status, a.out)
			}
		})
	}
}

// A report waits for its reader, as everybody's does; a signal ends the wait.
func TestFullStdoutCanBeInterrupted(t *testing.T) {
	cmd := exec.Command(binary(t), "-p", "40301")
	cmd.Stdout = stuffed(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	killed := time.AfterFunc(15*time.Second, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	_ = cmd.Wait() // the status says it all
	if got := cmd.ProcessState.Sys().(syscall.WaitStatus); got.Signal() != syscall.SIGTERM {
		t.Errorf("ended by %v", got.Signal())
	}
}

// What cannot be written is no success.
func TestOutputOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full: ", err)
	}
	defer full.Close()
	portguard := binary(t)
	for _, tt := range []struct {
		name    string
		args    []string
		toError bool // stderr is full as well
		status  int
	}{
		{"report", []string{"-p", "40301"}, false, cli.ExitOSErr},
		{"JSON", []string{"--json", "-p", "40301"}, false, cli.ExitOSErr},
		{"forbidden", []string{"-p", "240.0.0.1:40301"}, false, cli.ExitUnavailable},
		{"reservations", []string{"reserve"}, false, cli.ExitOSErr},
		{"range", []string{"range"}, false, cli.ExitOSErr},
		{"help", []string{"--help"}, false, cli.ExitOSErr},
		{"a command, whose stdout it is", []string{"-p", "40301", "--", "true"}, false, cli.ExitOK},
		{"a command, and messages nowhere to go", []string{"-v", "-p", "40301", "--", "true"}, true, cli.ExitOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := sufferCommand(t, 20*time.Second, func(ctx context.Context) *exec.Cmd {
				cmd := exec.CommandContext(ctx, portguard, tt.args...)
				cmd.Stdout = full
				if tt.toError {
					cmd.Stderr = full
				}
				return cmd
			})
			a.honest(t, tt.status)
			if tt.status != cli.ExitOK {
				a.says(t, "^portguard: write /dev/stdout: no space left on device$")
			}
		})
	}
}

// What systemd runs around a start decides about it by what it finds: not by a log (StandardOutput=) on a full disk, or one that nobody reads,
// of which a line tells.
func TestLostReportFailsNoStart(t *testing.T) {
	portguard := binary(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full: ", err)
	}
	defer full.Close()
	unread := stuffed(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	listens := l.Addr().String()
	const noSpace, nobody = "no space left on device", "nobody reads it"
	for _, tt := range []struct {
		name, pid, line string
		log             *os.File
		status          int
		says            string
	}{
		{"a full disk", "$$", "-v -p 40301", full, cli.ExitOK, noSpace},
		{"a pipe that nobody reads", "$$", "-v -p 40301", unread, cli.ExitOK, nobody},
		{"the port cannot be bound", "$$", "-p 240.0.0.1:40301", full, cli.ExitUnavailable, noSpace},
		{"ready", "$$", "ready -v -p " + listens, full, cli.ExitOK, noSpace},
		{"ready, and nobody reads", "$$", "ready -v -p " + listens, unread, cli.ExitOK, nobody},
		{"JSON is for somebody", "$$", "--json -p 40301", full, cli.ExitOSErr, noSpace},
		{"JSON of ready is, too", "$$", "ready --json -p " + listens, full, cli.ExitOSErr, noSpace},
		{"systemd has started somebody else", "1", "-p 40301", full, cli.ExitOSErr, noSpace},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := sufferCommand(t, 20*time.Second, func(ctx context.Context) *exec.Cmd {
				cmd := exec.CommandContext(ctx, "sh", "-c", `SYSTEMD_EXEC_PID=`+tt.pid+` exec "$0" `+tt.line, portguard)
				cmd.Stdout = tt.log
				return cmd
			})
			if a.status != tt.status {
				t.Errorf("status %d, want %d\n%s", a.status, tt.status, a.text())
			}
			a.says(t, "^portguard: write /dev/stdout: "+tt.says+"$")
		})
	}
}

// Standard descriptors that are closed, and a reader that has gone, are no reason not to start, or to crash.
func TestClosedOutput(t *testing.T) {
	portguard := binary(t)
	for script, status := range map[string]int{
		`"$0" -p 40301 >&-`:                          cli.ExitOK,
		`"$0" -v -p 40301 -- true 2>&-`:              cli.ExitOK,
		`"$0" -v -p 40301 -- true >&- 2>&- <&-`:      cli.ExitOK,
		`"$0" -p x 2>&-; [ $? = 64 ]`:                cli.ExitOK,
		`{ "$0" --json -p 40301-40999; } | head -c1`: cli.ExitOK,
	} {
		a := suffer(t, 20*time.Second, "bash", "-c", "set -o pipefail\n"+script, portguard)
		if m := trace.FindString(a.text()); m != "" || a.status != status {
			t.Errorf("%s: status %d\n%s", script, a.status, a.text())
		}
	}
}

// The kernel refuses the command at the very last moment, when nothing is ours any more.
func TestCommandThatExecveRefuses(t *testing.T) {
	elf := filepath.Join(t.TempDir(), "elf")
	if err := os.WriteFile(elf, []byte("\x7fELF\x02\x01\x01\x00 and nothing more"), 0o755); err != nil {
		t.Fatal(err)
	}
	a := suffer(t, 20*time.Second, binary(t), "-p", "40301", "--", elf)
	a.honest(t, cli.ExitCannotExec)
	a.says(t, "^portguard: cannot execute .*: exec format error$")
}
