package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portguard/internal/needs"
	"portguard/netdiag/nstest"
)

// incident is the stage of what portguard was written for: Redis, the Java programs, and a host whose
// ip_local_port_range contains the service ports.
type incident struct {
	redis     *actor
	redisPort int
	classes   string // directory of Pool.class and Service.class
	lastPort  int
}

func newIncident(t *testing.T) *incident {
	t.Helper()
	needs.Program(t, "redis-server", "redis-server")
	needs.Program(t, "java", "default-jdk-headless")
	needs.Program(t, "javac", "default-jdk-headless")
	needs.Program(t, "ss", "iproute2")
	t.Cleanup(func() { clearLeftovers(t) }) // of the pools: the range is the subtests' own
	i := &incident{redisPort: 7000, classes: t.TempDir(), lastPort: 30000}
	sources, err := filepath.Glob("testdata/incident/*.java")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("javac", append([]string{"-d", i.classes}, sources...)...).CombinedOutput(); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	i.redis = launch(t, "redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(i.redisPort),
		"--save", "", "--appendonly", "no", "--dir", t.TempDir())
	eventually(t, 10*time.Second, "Redis answers", func() bool { return i.tell("PING") == "+PONG" })
	return i
}

// tell gives Redis a command and returns its one-line answer, "" when there is none.
func (i *incident) tell(command string) string {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(i.redisPort)), time.Second)
	if err != nil {
		return ""
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return ""
	}
	if _, err := io.WriteString(c, command+"\r\n"); err != nil {
		return ""
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimSpace(answer)
}

// java is the command line that runs one of the classes, with a JVM that starts fast.
func (i *incident) java(class string, args ...string) []string {
	return append([]string{"java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC", "-cp", i.classes, class}, args...)
}

// pool starts the connection pool, to which the kernel hands a service port: another one each time, for what is left of
// the one before holds its port for a minute.
func (i *incident) pool(t *testing.T) (p *actor, port string) {
	t.Helper()
	i.lastPort += 10
	port = strconv.Itoa(i.lastPort)
	nstest.SetRange(t, uint16(i.lastPort), uint16(i.lastPort))
	p = launch(t, i.java("Pool", strconv.Itoa(i.redisPort))...)
	if got := p.expect(t, "connected "); got != port {
		t.Fatalf("the kernel handed out port %s, not %s", got, port)
	}
	nstest.SetRange(t, 1024, 65000)
	return p, port
}

// actor is a process on the stage.
type actor struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string // stdout, line by line; closed at its end
	errs  outputBuffer
}

// launch runs a program until the test ends, by SIGKILL: a supervisor leaves its service then, whose output the end waits for. It has
// to be stopped before.
func launch(t *testing.T, argv ...string) *actor {
	t.Helper()
	return launchCommand(t, exec.Command(argv[0], argv[1:]...))
}

// launchCommand is launch for a program that takes more than arguments.
func launchCommand(t *testing.T, cmd *exec.Cmd) *actor {
	t.Helper()
	p := &actor{cmd: cmd, lines: make(chan string, 1024)}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	p.cmd.Stderr = &p.errs
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		if t.Failed() && p.cmd.ProcessState == nil { // a supervisor takes its service along
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			time.Sleep(time.Second)
		}
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.stdin.Close()      // and what it has started may wait for that
		p.end(t)
	})
	return p
}

func (p *actor) pid() int { return p.cmd.Process.Pid }

// expect waits for a line of output and returns what follows the prefix.
func (p *actor) expect(t *testing.T, prefix string) string {
	t.Helper()
	timeout := time.After(90 * time.Second)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				t.Fatalf("%v ended without saying %q:\n%s", p.cmd.Args, prefix, p.errs.String())
			}
			if rest, found := strings.CutPrefix(line, prefix); found {
				return rest
			}
		case <-timeout:
			t.Fatalf("%v does not say %q:\n%s", p.cmd.Args, prefix, p.errs.String())
		}
	}
}

// output is everything that it still writes to stdout, to the end.
func (p *actor) output() string {
	var text strings.Builder
	for line := range p.lines {
		text.WriteString(line + "\n")
	}
	return text.String()
}

// end waits for the program and returns its exit status, -1 for a signal.
func (p *actor) end(t *testing.T) int {
	t.Helper()
	if p.cmd.ProcessState == nil {
		_ = p.output()   // first: Wait closes the pipe
		_ = p.cmd.Wait() // the status says it all
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *actor) running() bool { return running(p.pid()) }

// running reports whether a process, which nobody need have waited for, has not ended.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(fields, "Z")
}

// becomes waits until portguard has become the command: same process, another program.
func (p *actor) becomes(t *testing.T, command string) {
	t.Helper()
	path, err := exec.LookPath(command)
	if err != nil {
		t.Fatal(err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the process becomes "+path, func() bool {
		exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid()))
		return err == nil && exe == path
	})
}

func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// outputBuffer is a bytes.Buffer that may be read while a program writes to it.
type outputBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *outputBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *outputBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
