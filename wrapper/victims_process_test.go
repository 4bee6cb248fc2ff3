package wrapper

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"portguard/wrapper/decide"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// shell starts a shell that keeps the socket, and becomes another program when it is told to.
func (w *world) shell(becomes string, socket int, user uint32) (s *stranger, tell func()) {
	w.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		w.Fatal(err)
	}
	defer read.Close()
	var attr *syscall.SysProcAttr
	if user != 0 {
		attr = as(user)
	}
	s = w.spawn(attr, []string{"/bin/sh", "-c", "read word; exec " + becomes}, int(read.Fd()), socket)
	return s, func() {
		w.Helper()
		if _, err := io.WriteString(write, "go\n"); err != nil {
			w.Fatal(err)
		}
		write.Close()
		s.becomes("sleep")
	}
}

// execBefore lets the holder become another program before its process is opened.
func execBefore(w *world, becomes string, user uint32, p decide.Policy) func(bool) {
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		s, becomeSleep := w.shell(becomes, h.FD, user)
		h.CloseFD()
		l := w.look(p)
		want := pending
		if swap {
			becomeSleep()
			want = ""
		}
		l.kill(nothing)
		s.mustBe(want, "the process")
		s.end()
	}
}

func execWithout(w *world) func(bool) { return execBefore(w, "sleep 1000 3>&-", 0, decide.Policy{}) }

func execInto(w *world) func(bool) {
	sh, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		w.Fatal(err)
	}
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		s, becomeSleep := w.shell("sleep 1000", h.FD, 0)
		h.CloseFD()
		l := w.look(decide.Policy{Only: decide.Only{Exes: []string{sh}}})
		want := pending
		l.kill(func() {
			if swap {
				becomeSleep()
				want = ""
			}
		})
		s.mustBe(want, "the process")
		s.end()
	}
}

// Users of TestVictims: who starts a program, and whose program it is.
const (
	caller = 64002
	setter = 64001
)

// setuidSleep is a program that takes its file's user for the effective one.
func (w *world) setuidSleep() string {
	w.Helper()
	b, err := os.ReadFile("/bin/sleep")
	if err != nil {
		w.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "victims")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = os.RemoveAll(dir) }) // what is left is a program that does nothing
	path := filepath.Join(dir, "sleep")
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.WriteFile(path, b, 0o755), os.Chown(path, setter, setter), os.Chmod(path, 0o755|os.ModeSetuid),
	} {
		if err != nil {
			w.Fatal(err)
		}
	}
	return path
}

func only(user int) decide.Policy {
	return decide.Policy{Only: decide.Only{Users: []string{strconv.Itoa(user)}}}
}

// A process is the effective user's, as every tool says that shows processes.
func setuidOwner(w *world) func(bool) {
	program := w.setuidSleep()
	return func(stranger bool) {
		h, end := w.holder()
		defer end()
		s := w.spawn(as(caller), []string{program, "1000"}, -1, h.FD)
		h.CloseFD()
		want, user := pending, setter
		if stranger {
			want, user = "", caller
		}
		w.look(only(user)).kill(nothing)
		s.mustBe(want, "the process")
		s.end()
	}
}

func setuidInBetween(w *world) func(bool) {
	return execBefore(w, w.setuidSleep()+" 1000", caller, only(caller))
}

// peerProcessOf climbs a whole rung. The process at the other end has nothing to do with the port.
func peerProcessOf(w *world) func(bool) {
	return func(bool) {
		h, end := w.holder()
		defer end()
		owner, peer := w.sleeper(h.FD), w.sleeper(h.Peer)
		h.CloseFD()
		policy := []decide.Policy{{Share: true}, {Close: true}, {Kill: true, Grace: time.Millisecond}}[w.IntN(3)]
		<-w.background(policy)
		peer.mustBe("", "the process at the other end")
		if on, err := unix.GetsockoptInt(h.Peer, unix.SOL_SOCKET, unix.SO_REUSEADDR); err != nil || on != 0 {
			w.Errorf("SO_REUSEADDR of the other end is %d, %v", on, err)
		}
		switch {
		case policy.Share:
			owner.mustBe("", "the owner, with whom it is shared")
			fd := owner.socket()
			w.carries(fd, h.Peer)
			unix.Close(fd)
		case policy.Close:
			owner.mustBe("", "the owner, whose connection was cut")
			w.cut(h.Peer)
		case owner.touched() == "":
			w.Error("the owner was not reached")
		}
		owner.end()
		peer.end()
	}
}

// ancestorsOf runs a Guard below a few shells, some of which have the socket.
func ancestorsOf(w *world) func(bool) {
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		depth := 1 + w.IntN(4)
		keep := w.IntN(depth + 1) // shells below this one do not have it; the guard has it when all have
		var argv []string
		for i := range depth {
			script := `"$0" "$@"; exit $?`
			if i == keep {
				script = `"$0" "$@" 3>&-; exit $?`
			}
			argv = append(argv, "sh", "-c", script)
		}
		cmd := exec.Command(argv[0], append(argv[1:], "/proc/self/exe")...)
		self, err := os.Executable()
		if err != nil {
			w.Fatal(err)
		}
		cmd.Args[len(cmd.Args)-1] = self
		cmd.Env = append(os.Environ(), partEnv+"="+guards, job{decide.Policy{Kill: true, Grace: time.Millisecond}, []uint16{w.port}}.env(w.T))
		file := os.NewFile(uintptr(h.FD), "holder")
		h.FD = -1
		var sleeper *stranger
		if swap {
			cmd.ExtraFiles = []*os.File{file}
		} else {
			sleeper = w.sleeper(int(file.Fd()))
		}
		p := launch(w.T, cmd)
		file.Close()
		got := decode[[]result](w.T, p)
		p.endedBy(w.T)
		if !p.cmd.ProcessState.Success() {
			w.Errorf("the shells: %s", p.cmd.ProcessState)
		}
		if sleeper != nil {
			if sleeper.touched() == "" {
				w.Errorf("the holder, which is no ancestor, was not reached: %+v", got)
			}
			sleeper.end()
			return
		}
		if got[0].Verdict != "taken" || len(got[0].Actions) != 1 || !strings.HasSuffix(got[0].Actions[0], "is never touched") {
			w.Errorf("%d shells, %d have it: %+v", depth, keep+1, got)
		}
	}
}

// otherPIDNamespace has the holder outside of the guard's pid namespace, where its pid is a stranger's, or inside of one
// that the guard sees from outside.
func otherPIDNamespace(w *world) func(bool) {
	return func(outside bool) {
		h, end := w.holder()
		defer end()
		attr := &syscall.SysProcAttr{}
		if !outside {
			attr.Cloneflags = unix.CLONE_NEWPID
		}
		s := w.spawn(attr, []string{"/bin/sleep", "1000"}, -1, h.FD)
		h.CloseFD()
		defer s.end()
		if !outside {
			w.look(decide.Policy{}).kill(nothing)
			s.mustBe(pending, "the holder in a pid namespace")
			return
		}
		ownProc := w.IntN(2) == 0
		guard := start(w.T, inside, nil, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS},
			job{decide.Policy{Share: true, Kill: true, Grace: time.Millisecond}, []uint16{w.port}}.env(w.T),
			fmt.Sprintf("%s=%d %t", insideEnv, s.pid, ownProc))
		got := decode[insideResult](w.T, guard)
		if got.Stranger != "lives" {
			w.Errorf("own /proc %t: the stranger with the holder's pid %s", ownProc, got.Stranger)
		}
		if len(got.Results) != 1 || got.Results[0].Verdict != "taken" {
			w.Errorf("own /proc %t: %+v", ownProc, got)
		}
		s.mustBe("", "the holder outside")
	}
}

// insideEnv is the pid that the stranger gets, and whether there is a /proc of this namespace.
const insideEnv = "PORTGUARD_WRAPPER_TEST_INSIDE"

type insideResult struct {
	Results  []result
	Stranger string
}

// guardInside runs a Guard as the first process of a pid namespace. The stranger beside it does not block signals.
func guardInside() int {
	var pid int
	var ownProc bool
	if _, err := fmt.Sscan(os.Getenv(insideEnv), &pid, &ownProc); err != nil {
		fmt.Println(err)
		return 1
	}
	cmd, err := sleepAs(pid)
	if err == nil && ownProc {
		err = unix.Mount("proc", "/proc", "proc", 0, "")
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var said strings.Builder
	if status := guardTo(&said); status != 0 {
		fmt.Println(said.String())
		return status
	}
	var answer insideResult
	if err := json.Unmarshal([]byte(said.String()), &answer.Results); err != nil {
		fmt.Println(err)
		return 1
	}
	answer.Stranger = "lives"
	var status unix.WaitStatus
	if n, err := unix.Wait4(cmd, &status, unix.WNOHANG|unix.WUNTRACED, nil); n != 0 || err != nil {
		answer.Stranger = fmt.Sprintf("was changed: %#x, %v", status, err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(answer)
	return 0
}

// sleepAs starts a process with this pid.
func sleepAs(pid int, files ...uintptr) (int, error) {
	for range 100 {
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", strconv.AppendInt(nil, int64(pid-1), 10), 0); err != nil {
			return 0, err
		}
		got, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "1000"}, &syscall.ProcAttr{Files: files})
		if err != nil || got == pid {
			return got, err
		}
		_ = unix.Kill(got, unix.SIGKILL)
		_, _ = unix.Wait4(got, nil, 0, nil)
	}
	return 0, fmt.Errorf("pid %d is not to be had", pid)
}
