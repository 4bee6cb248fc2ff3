package docs

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell is a bash that reads commands from a pipe, and writes stdout and stderr to one other.
type shell struct {
	in  io.WriteCloser
	out chan string // an answer each
}

// answered is what the shell writes after each command: no program writes it.
const answered = '\x1e'

func newShell(t *testing.T, cmd *exec.Cmd) *shell {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	read, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.WaitDelay = time.Second // what it leaves running may have the pipe
	if err := cmd.Start(); err != nil {
		t.Skipf("no shell: %v", err)
	}
	sh := &shell{in, make(chan string)}
	go func() {
		defer close(sh.out)
		r := bufio.NewReader(read)
		for {
			answer, err := r.ReadString(answered)
			if err != nil {
				return
			}
			sh.out <- strings.TrimSuffix(answer, string(answered))
		}
	}()
	sh.run(t, "export COLUMNS=100") // the documents show a terminal of that width
	t.Cleanup(func() {
		_ = in.Close() // which ends it, unless a command goes on
		late := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // its status says nothing
		late.Stop()
		_ = write.Close()
	})
	return sh
}

// run types a command, and returns the answer.
func (sh *shell) run(t *testing.T, command string) string {
	t.Helper()
	// The command gets no stdin: that has the commands that follow.
	if _, err := io.WriteString(sh.in, "{ "+strings.TrimSuffix(command, "\n")+"\n} </dev/null; printf '\\036'\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case answer, ok := <-sh.out:
		if !ok {
			t.Fatalf("the shell ends at %s", command)
		}
		return answer
	case <-time.After(time.Minute):
		t.Fatalf("no answer to %s", command)
	}
	return ""
}
