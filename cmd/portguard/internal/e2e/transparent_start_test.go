package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// start says how a service is started.
type start struct {
	settings []string                    // of testdata/transparent/launch
	via      []string                    // a command that then starts what follows it, such as nohup
	child    bool                        // via stays as the parent
	argv     []string                    // of the service; default: sleep
	files    func(*testing.T) []*os.File // fds 0 and on; default: /dev/null, and a file for stderr
	terminal bool                        // fd 0 becomes the controlling terminal of a new session
}

// command starts the service directly, or through portguard.
func (s start) command(t *testing.T, guarded bool) *exec.Cmd {
	t.Helper()
	argv := append(slices.Clone(s.via), s.service(t)...)
	if guarded {
		argv = slices.Concat(s.via, []string{binary(t), "-p", freePort(t), "--"}, s.service(t))
	}
	cmd := exec.Command(builds.build(t, "./testdata/transparent/launch"))
	cmd.Args = slices.Concat(cmd.Args, s.settings, []string{"--", argv[0]}, argv)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: s.terminal, Setctty: s.terminal}
	if s.files != nil {
		files := s.files(t)
		cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = files[0], files[1], files[2], files[3:]
	}
	return cmd
}

func (s start) service(t *testing.T) []string {
	t.Helper()
	if s.argv != nil {
		return s.argv
	}
	return []string{tool(t, "sleep"), "60"}
}

// observe starts the service, looks at it once it runs and sleeps, and ends it.
func (s start) observe(t *testing.T, guarded bool) observation {
	t.Helper()
	executable, err := filepath.EvalSymlinks(s.service(t)[0])
	if err != nil {
		t.Fatal(err)
	}
	cmd := s.command(t, guarded)
	messages, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer messages.Close()
	if cmd.Stderr == nil {
		cmd.Stderr = messages
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	defer func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	}()

	pid := cmd.Process.Pid
	for deadline := time.Now().Add(20 * time.Second); !sleeps(pid, executable); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v does not come to execute %s", cmd.Args, executable)
		}
		select {
		case <-ended:
			text := readFile(t, messages.Name())
			if cmd.ProcessState.ExitCode() == 77 && !guarded {
				t.Skip("not to be had here: ", text)
			}
			t.Fatalf("%v: %v\n%s", cmd.Args, cmd.ProcessState, text)
		default:
		}
		if s.child {
			pid = onlyChild(cmd.Process.Pid)
		}
	}
	if s.child {
		defer func() { _ = unix.Kill(pid, unix.SIGKILL) }() // sleeps, so it has not ended
	}
	o := observe(t, pid)
	for name, value := range o {
		o[name] = strings.ReplaceAll(value, messages.Name(), "stderr")
	}
	return o
}

// sleeps reports whether a process executes a file and waits for something: then execve is long done.
func sleeps(pid int, file string) bool {
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil || exe != file {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") S ")
}

// onlyChild returns 0 while there is none.
func onlyChild(parent int) (pid int) {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	_, _ = fmt.Sscan(string(children), &pid)
	return pid
}

// tool finds a program that the tests use.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("needs ", name, ": ", err)
	}
	return path
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
