package wrapper

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag"
	"portguard/netdiag/holders"
	"portguard/netdiag/pidfd"
	"portguard/wrapper/decide"
)

// world is where a row of TestVictims plays.
type world struct {
	*testing.T
	*rand.Rand
	rig   *holders.Rig
	port  uint16
	forks chan<- func()
	// missed counts the pids that a thread of ours took.
	missed int
}

// holder makes a client of a pool on the next port. end takes it away, and what remains of it.
func (w *world) holder() (h *holders.Holder, end func()) {
	w.Helper()
	return w.holderOn(w.next())
}

// next is a port that nothing is left on, and nothing on the other one of the row: a reset that comes just when a
// socket becomes a FIN_WAIT2 record finds neither, and the record stays for its minute.
func (w *world) next() uint16 {
	for {
		if w.port++; w.port > 29000 {
			w.port = 20001
		}
		if isFree(tcp(w.port)) && isFree(tcp(w.port+apart)) {
			return w.port
		}
	}
}

// apart is how far the port is on which a row makes another holder.
const apart = 10000

func isFree(e netdiag.Endpoint) bool {
	trial := netdiag.Try(e)
	trial.Close()
	return trial.Verdict == netdiag.Free
}

func (w *world) holderOn(port uint16) (h *holders.Holder, end func()) {
	w.Helper()
	h, err := w.rig.Make(port, pooled)
	if err != nil {
		w.Fatal(err)
	}
	return h, func() {
		if err := h.Close(); err != nil {
			w.Error(err)
		}
	}
}

// owned makes a holder that one process has, and nobody else.
func (w *world) owned() (s *stranger, end func()) {
	w.Helper()
	h, end := w.holder()
	s = w.sleeper(h.FD)
	h.CloseFD()
	return s, end
}

// ownedByTwo makes a holder that two processes have, and finds it.
func (w *world) ownedByTwo() (first, second *stranger, l *looked, end func()) {
	w.Helper()
	h, end := w.holder()
	first, second = w.sleeper(h.FD), w.sleeper(h.FD)
	h.CloseFD()
	return first, second, w.look(decide.Policy{}), end
}

// forker runs what it is sent on a thread that blocks every signal, as do the processes that are started there: what they
// are sent stays pending, to be counted.
func forker(t *testing.T) chan<- func() {
	work := make(chan func())
	ready := make(chan error)
	go func() {
		runtime.LockOSThread()
		var all unix.Sigset_t
		for i := range all.Val {
			all.Val[i] = ^all.Val[i]
		}
		ready <- unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil)
		for f := range work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(work) })
	return work
}

// stranger is a process that does nothing but keep descriptor 3.
type stranger struct {
	w   *world
	pid int
}

// sleeper starts one that has the socket, -1 for none.
func (w *world) sleeper(socket int) *stranger {
	w.Helper()
	return w.spawn(nil, []string{"/bin/sleep", "1000"}, -1, socket)
}

// spawn starts a program. Of Go's own, it sends itself no signals.
func (w *world) spawn(attr *syscall.SysProcAttr, argv []string, stdin, socket int) *stranger {
	w.Helper()
	if attr == nil {
		attr = &syscall.SysProcAttr{}
	}
	attr.Pdeathsig = unix.SIGKILL
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		w.Fatal(err)
	}
	defer null.Close()
	files := []uintptr{null.Fd(), null.Fd(), os.Stderr.Fd()}
	if stdin >= 0 {
		files[0] = uintptr(stdin)
	}
	if socket >= 0 {
		files = append(files, uintptr(socket))
	}
	done := make(chan struct{})
	s := &stranger{w: w}
	w.forks <- func() {
		defer close(done)
		s.pid, err = syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Env: []string{"PATH=/usr/bin:/bin", partEnv + "=" + keeps, "GODEBUG=asyncpreemptoff=1"}, Files: files, Sys: attr})
	}
	if <-done; err != nil {
		w.Fatal(err)
	}
	return s
}

// recycle ends a process and starts another one, with the same pid.
func (w *world) recycle(old *stranger, socket int) *stranger {
	w.Helper()
	old.end()
	const tries = 20
	for try := 1; ; try++ {
		// The next pid is the one after this. A new thread of ours may take it before the process does.
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", fmt.Append(nil, old.pid-1), 0); err != nil {
			w.Skipf("pids cannot be chosen (CONFIG_CHECKPOINT_RESTORE): %v", err)
		}
		s := w.sleeper(socket)
		if s.pid == old.pid {
			return s
		}
		if try == tries {
			w.missed++
			return s
		}
		s.end()
	}
}

func (s *stranger) end() {
	_ = unix.Kill(s.pid, unix.SIGKILL) // it is our child, so the pid is its own until we have waited for it
	for {
		if _, err := unix.Wait4(s.pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// socket is a duplicate of its descriptor 3.
func (s *stranger) socket() int {
	s.w.Helper()
	fd, err := pidfd.GetFD(s.pid, 0, 3)
	if err != nil {
		s.w.Fatal(err)
	}
	return fd
}

// touched is what has been done to it: the signals it was sent, or its end; "" for nothing.
func (s *stranger) touched() string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return err.Error()
	}
	var marks []string
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		switch {
		case (key == "SigPnd" || key == "ShdPnd") && strings.Trim(value, "0") != "":
			marks = append(marks, "pending "+strings.TrimLeft(value, "0"))
		case key == "State" && strings.ContainsAny(value[:1], "TZXt"):
			marks = append(marks, value)
		}
	}
	return strings.Join(marks, ", ")
}

// pending is what touched says after the signal that these guards send. It is not SIGTERM, which a Go program unblocks.
const pending = "pending 200" // the bit of SIGUSR1

func (s *stranger) mustBe(want, who string) {
	s.w.Helper()
	if got := s.touched(); got != want {
		s.w.Errorf("%s: touched %q, want %q", who, got, want)
	}
}

// becomes waits until it runs another program.
func (s *stranger) becomes(comm string) {
	s.w.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Microsecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", s.pid))
		if strings.TrimSpace(string(b)) == comm {
			return
		}
		if err != nil || time.Now().After(deadline) {
			s.w.Fatalf("pid %d is %q, %v, not %s", s.pid, b, err, comm)
		}
	}
}

// looked is a guard that has found who is in the way, and has not done anything yet.
type looked struct {
	*Guard
	w       *world
	targets []target
	judge   decide.Judge
}

// look is the first step of every rung.
func (w *world) look(p decide.Policy) *looked {
	w.Helper()
	p.Kill = true
	g := hasty(New(p, nil))
	r := &Report{Outcomes: make([]Outcome, 1)}
	r.Outcomes[0].Finding = netdiag.Finding{Endpoint: tcp(w.port), Trial: netdiag.Try(tcp(w.port))}
	if r.Outcomes[0].Trial.Verdict != netdiag.Taken {
		w.Fatalf("port %d is %s", w.port, r.Outcomes[0].Trial.Verdict)
	}
	l := &looked{Guard: g, w: w, targets: g.targets(w.Context(), decide.Kill, r)}
	l.judge = r.Judge
	return l
}

// one is the holder found, of which there must be one.
func (l *looked) one() *netdiag.Holder {
	l.w.Helper()
	if len(l.targets) != 1 || len(l.targets[0].holders) != 1 {
		for _, t := range l.targets {
			l.w.Logf("targets: %v of %+v", t.holders, t.Holders)
		}
		l.w.Fatalf("%d targets, want one with one holder", len(l.targets))
	}
	return l.targets[0].holders[0]
}

// kill is the rung's way to a signal, with something that happens after the processes were opened.
func (l *looked) kill(between func()) {
	victims := l.victims(l.w.Context(), l.targets)
	between()
	l.signalAll(l.w.Context(), l.judge, victims, unix.SIGUSR1)
	for _, v := range victims {
		v.close()
	}
	l.Close()
}

// background runs all the rungs that the policy allows, while something else happens.
func (w *world) background(p decide.Policy) (ran chan struct{}) {
	ran = make(chan struct{})
	port := w.port
	go func() {
		defer close(ran)
		g := hasty(New(p, nil))
		defer g.Close()
		r, err := g.Run(w.Context(), []netdiag.Endpoint{tcp(port)})
		r.Release()
		if err != nil {
			w.Error(err)
		}
	}()
	return ran
}

// moment passes some time of a run.
func (w *world) moment() { time.Sleep(time.Duration(w.IntN(15000)) * time.Microsecond) }

// intact makes sure that a connection is as it was made: without SO_REUSEADDR, and able to carry bytes both ways.
func (w *world) intact(a, b int) {
	w.Helper()
	for _, fd := range []int{a, b} {
		if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR); err != nil || on != 0 {
			w.Errorf("SO_REUSEADDR of a stranger's socket is %d, %v", on, err)
		}
	}
	w.carries(a, b)
}

func (w *world) carries(a, b int) {
	w.Helper()
	for _, way := range [][2]int{{a, b}, {b, a}} {
		var got [1]byte
		_, err := unix.Write(way[0], []byte("x"))
		if err == nil {
			err = unix.SetsockoptTimeval(way[1], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
		}
		if err == nil {
			_, err = unix.Read(way[1], got[:])
		}
		if err != nil || got[0] != 'x' {
			w.Errorf("a stranger's connection: %v", err)
		}
	}
}
