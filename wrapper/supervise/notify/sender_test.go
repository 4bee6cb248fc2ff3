package notify

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The environment of a process that says something.
const (
	sayVariable    = "PORTGUARD_TEST_SAY"
	orphanVariable = "PORTGUARD_TEST_ORPHAN_OF"
)

// TestSaying is no test but the process that says something, when it is told to, and ends once that has been passed on or
// dropped.
func TestSaying(t *testing.T) {
	text, told := os.LookupEnv(sayVariable)
	if !told {
		return
	}
	for parent := os.Getenv(orphanVariable); parent != "" && strconv.Itoa(os.Getppid()) == parent; {
		time.Sleep(time.Millisecond)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tell(t, os.Getenv("NOTIFY_SOCKET"), text, int(w.Fd()))
	_ = w.Close()
	_, _ = r.Read(make([]byte, 1)) // until every copy of the other end is closed
}

func TestWhoSpeaksForTheService(t *testing.T) {
	m := listenAsManager(t)
	n, service := proxyTo(t, m)
	for _, tt := range []struct {
		name, script string
		heard        bool
	}{
		{"child", `exec "$0" "$1"`, true},
		{"grandchild", `("$0" "$1"); :`, true},
		{"stranger", orphanVariable + `=$$ "$0" "$1" &`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("sh", "-c", tt.script, os.Args[0], "-test.run=^TestSaying$")
			cmd.Env = append(os.Environ(), sayVariable+"=STATUS="+tt.name, "NOTIFY_SOCKET="+service)
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			out, err := cmd.StdoutPipe() // open as long as one of the processes lives
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if tt.heard {
				got := m.expect(t, "STATUS="+tt.name)
				got.close()
			}
			if text, err := io.ReadAll(out); err != nil || string(text) != "PASS\n" {
				t.Errorf("it said %q, %v", text, err)
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			m.expectNothing(t)
			pid := cmd.Process.Pid // which nobody has any more
			n.Begun(pid, os.Getpid(), 0)
			if !n.knows(pid) {
				t.Error("the service's last words do not count when it has ended")
			}
			n.Ended()
			if n.knows(pid) {
				t.Error("its pid speaks for the next run")
			}
		})
	}
}
