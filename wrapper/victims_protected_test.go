package wrapper

import (
	"errors"
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

// managerProgram is a program that does nothing, by the name of a service manager's.
func (w *world) managerProgram() string {
	w.Helper()
	b, err := os.ReadFile("/bin/sleep")
	if err != nil {
		w.Fatal(err)
	}
	path := filepath.Join(w.TempDir(), "systemd")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		w.Fatal(err)
	}
	return path
}

// storedByManager: a service manager has the connection of a service in its fd store.
func storedByManager(w *world) func(bool) {
	manager := w.managerProgram()
	return func(stored bool) {
		h, end := w.holder()
		defer end()
		program, want := "/bin/sleep", pending
		if stored {
			program, want = manager, ""
		}
		service, store := w.sleeper(h.FD), w.spawn(nil, []string{program, "1000"}, -1, h.FD)
		h.CloseFD()
		store.becomes(filepath.Base(program))
		w.look(decide.Policy{}).kill(nothing)
		store.mustBe(want, "who stores the connection")
		service.mustBe(want, "the service")
		if stored {
			<-w.background([]decide.Policy{{Close: true}, {Kill: true, Grace: time.Millisecond}}[w.IntN(2)])
			store.mustBe("", "the manager")
			fd := service.socket()
			w.intact(fd, h.Peer)
			unix.Close(fd)
		}
		service.end()
		store.end()
	}
}

// becomesManager: the holder is one only by the time that it would be signalled.
func becomesManager(w *world) func(bool) {
	manager := w.managerProgram()
	return func(swap bool) {
		h, end := w.holder()
		defer end()
		read, write, err := os.Pipe()
		if err != nil {
			w.Fatal(err)
		}
		s := w.spawn(nil, []string{"/bin/sh", "-c", "read word; exec " + manager + " 1000"}, int(read.Fd()), h.FD)
		read.Close()
		defer write.Close()
		h.CloseFD()
		want := pending
		w.look(decide.Policy{}).kill(func() {
			if swap {
				if _, err := io.WriteString(write, "go\n"); err != nil {
					w.Fatal(err)
				}
				s.becomes("systemd")
				want = ""
			}
		})
		s.mustBe(want, "the process")
		s.end()
	}
}

// duplicateOfPortguard: while another portguard waits for the holder to end, it has duplicates of the holder's sockets.
func duplicateOfPortguard(w *world) func(bool) {
	return func(portguard bool) {
		program, want := anotherProgram(w.T), pending
		if portguard {
			program, want = "/proc/self/exe", ""
		}
		k := w.keeperOf(program)
		h, end := w.holder()
		defer end()
		s := w.sleeper(h.FD)
		k.put(h.FD)
		h.CloseFD()
		w.look(decide.Policy{}).kill(nothing)
		s.mustBe(want, "the holder")
		k.mustBe(want, "who has a duplicate")
		if portguard {
			fd := s.socket()
			w.intact(fd, h.Peer)
			unix.Close(fd)
		}
		k.end()
		s.end()
	}
}

// foreignProc: the guard is in the mount namespace of a container, but not in its pid namespace. In that /proc the holder has
// the number of a stranger, and somebody has the guard's own.
func foreignProc(w *world) func(bool) {
	var taken int
	return func(foreign bool) {
		h, end := w.holder()
		defer end()
		stranger := w.sleeper(-1)
		guard := stranger.pid + 100 + taken%50 // far from what threads of ours take
		taken++
		file := os.NewFile(uintptr(h.FD), "holder")
		h.FD = -1
		container := start(w.T, contains, file, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS},
			fmt.Sprintf("%s=%d %d", insideEnv, stranger.pid, guard))
		file.Close()
		if line := container.says(w.T); line != "ready" {
			w.Fatal(line)
		}
		argv := []string{"nsenter", "-t", strconv.Itoa(container.cmd.Process.Pid), "-m", "-r", "-p", "--"}
		if foreign {
			argv = append(argv[:5], "--")
		}
		self, err := os.Executable()
		if err != nil {
			w.Fatal(err)
		}
		cmd := exec.Command(argv[0], append(argv[1:], self)...)
		cmd.Env = append(os.Environ(), partEnv+"="+guards, job{decide.Policy{Share: true, Kill: true, Grace: time.Millisecond}, []uint16{w.port}}.env(w.T))
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", fmt.Append(nil, guard-1), 0); err != nil {
			w.Fatal(err)
		}
		p := launch(w.T, cmd)
		if foreign && p.cmd.Process.Pid != guard {
			w.missed++
		}
		got := decode[[]result](w.T, p)
		p.endedBy(w.T)
		stranger.mustBe("", "a stranger with the holder's pid in the container")
		if foreign && (got[0].Verdict != "taken" || len(got[0].Actions) == 0 || !strings.Contains(got[0].Actions[0], "another pid namespace's")) {
			w.Errorf("guard %d: %+v", guard, got)
		}
		if !foreign && got[0].Verdict != "free" {
			w.Errorf("in the container: %+v", got)
		}
		_ = container.cmd.Process.Kill()
		<-container.ended
		stranger.end()
	}
}

// contain is the first process of a container, with a holder and somebody else of the numbers it is told.
func contain() int {
	var holder, other int
	unix.CloseOnExec(3) // of the two the holder alone has it
	_, err := fmt.Sscan(os.Getenv(insideEnv), &holder, &other)
	if err == nil {
		err = unix.Mount("proc", "/proc", "proc", 0, "")
	}
	for _, p := range []struct {
		pid   int
		files []uintptr
	}{{holder, []uintptr{0, 1, 2, 3}}, {other, nil}} {
		if err == nil {
			_, err = sleepAs(p.pid, p.files...)
		}
	}
	if err = errors.Join(err, unix.Close(3)); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	select {}
}
