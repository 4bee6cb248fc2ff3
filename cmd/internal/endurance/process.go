package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one that the run has started. It is killed when the run ends.
type process struct {
	name    string
	cmd     *exec.Cmd
	stdin   io.Closer
	lines   chan string   // what it writes to stdout; closed at the end
	ended   chan struct{} // closed when it has ended
	errs    tail
	samples []sample
}

// patience is how long a process may take to answer.
const patience = 10 * time.Second

func start(name string, argv ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(argv[0], argv[1:]...), lines: make(chan string, 1<<16), ended: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = &p.errs
	stdin, err1 := p.cmd.StdinPipe()
	stdout, err2 := p.cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
		_ = p.cmd.Wait() // its state tells
	}()
	return p, nil
}

// line is the next one from stdout.
func (p *process) line() (string, error) {
	select {
	case l, ok := <-p.lines:
		if ok {
			return l, nil
		}
	case <-time.After(patience):
	}
	return "", fmt.Errorf("%s says nothing: %s", p.name, &p.errs)
}

// says takes the next line, which is to be this one.
func (p *process) says(want string) error {
	l, err := p.line()
	if err == nil && l != want {
		err = fmt.Errorf("%s says %q: %s", p.name, l, &p.errs)
	}
	return err
}

// said waits for a text on stderr.
func (p *process) said(text string) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if strings.Contains(p.errs.String(), text) {
			return nil
		}
	}
	return fmt.Errorf("%s does not say %q: %s", p.name, text, &p.errs)
}

// endsIn is how long it takes to end, and whether it ends well.
func (p *process) endsIn(limit time.Duration) (took time.Duration, ok bool) {
	began := time.Now()
	select {
	case <-p.ended:
	case <-time.After(limit):
		return limit, false
	}
	return time.Since(began), p.cmd.ProcessState.Success()
}

// nothing is how long it takes now to do nothing in a process of its own: milliseconds, but on a busy host, where all that
// is started takes as many times longer.
func nothing() time.Duration {
	began := time.Now()
	_ = exec.Command("true").Run() // however it ends
	return time.Since(began)
}

// stop asks it to end, and kills it if it does not.
func (p *process) stop() {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 8 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - most; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// heard counts what a service, whose first "up" has been taken, has said since: how often it was up, the first time too,
// and how often its port was taken.
func (p *process) heard() (up, lost int) {
	up = 1
	for range len(p.lines) {
		switch l := <-p.lines; {
		case l == "up":
			up++
		case strings.HasPrefix(l, "lost"):
			lost++
		}
	}
	return up, lost
}
