package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// shown is what stands on a terminal.
type shown string

// after is the rest of the line that begins so.
func (s shown) after(prefix string) string {
	for line := range strings.SplitSeq(string(s), "\n") {
		if _, rest, found := strings.Cut(line, prefix); found {
			return strings.ReplaceAll(strings.ReplaceAll(strings.TrimSpace(rest), "true", "yes"), "false", "no")
		}
	}
	return "not said: " + strconv.Quote(string(s))
}

// job is what became of the job, in the shell's words.
func (s shown) job() string {
	text := s.after("job died of ")
	if strings.HasPrefix(text, "not said") {
		text = s.after("job ended with ")
	} else {
		text = "dies of " + text
	}
	if strings.Contains(string(s), "job stopped") {
		text = "stops; " + text
	}
	if strings.HasPrefix(text, "not said") {
		return "the job does not end"
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, " terminal returned yes", ""), " terminal returned no", ", the terminal is not returned")
}

// onJobTerminal runs a command under an init as the job of a shell, types keys, each when there has been time to settle, and
// returns what was shown.
func onJobTerminal(t *testing.T, c contender, args []string, keys ...string) shown {
	t.Helper()
	master := ptyMaster(t)
	cmd := exec.Command(theActor(t), slices.Concat([]string{"shell"}, c.before, []string{theActor(t)}, args)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = master.slave, master.slave, master.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	master.slave.Close()
	text := make(chan string)
	go func() {
		var b strings.Builder
		for s := bufio.NewScanner(master.file); s.Scan(); {
			b.WriteString(s.Text() + "\n")
		}
		text <- b.String()
	}()
	for _, k := range keys {
		time.Sleep(700 * time.Millisecond)
		_, _ = io.WriteString(master.file, k) // it may have ended
	}
	watchdog := time.AfterFunc(4*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // what is shown says it all
	watchdog.Stop()
	endSession(t, cmd.Process.Pid) // what still had the terminal would be waited for
	return shown(<-text)
}

// endSession kills what is left of a session.
func endSession(t *testing.T, session int) {
	t.Helper()
	for _, name := range list(t, "/proc/[0-9]*/stat") {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		pid, _, _ := strings.Cut(string(text), " ")
		fields := strings.Fields(string(text[strings.LastIndex(string(text), ")")+1:]))
		if fields[6-3] != strconv.Itoa(session) {
			continue
		}
		if n, err := strconv.Atoi(pid); err == nil {
			_ = unix.Kill(n, unix.SIGKILL) // it may have ended
		}
	}
}

// pty is a terminal that the test types on.
type pty struct{ file, slave *os.File }

func ptyMaster(t *testing.T) pty {
	t.Helper()
	file, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	t.Cleanup(func() { file.Close() })
	fd := int(file.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	return pty{file, slave}
}
