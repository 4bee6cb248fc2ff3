package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// load is a crowd of processes, each with a listener and connections to it, both ends of which are its own.
type load struct {
	processes []*exec.Cmd
	stdins    []io.Closer
	// One client of a process in the middle, and one of the process that is in a unit's cgroup.
	plain, unit holder
}

// holder is a port that one connection of the load has, and who ought to be named for it.
type holder struct {
	port   int
	owners []int
}

// withLoad does something while there is one.
func withLoad(processes, connections int, do func(*load) error) error {
	cgroup, err := makeCgroup()
	if err != nil {
		return err
	}
	defer cgroup.remove()
	l, err := startLoad(processes, connections, cgroup)
	if err == nil {
		err = do(l)
	}
	l.stop()
	return err
}

// startLoad makes connections in processes. The last process is in the unit's cgroup, and shares the socket that is asked
// about with a child outside of it.
func startLoad(processes, connections int, cgroup unitCgroup) (*load, error) {
	l := &load{}
	each := connections / processes
	for i := range processes {
		args := []string{"load", strconv.Itoa(i), strconv.Itoa(each)}
		var in *os.File
		if i == processes-1 {
			args, in = append(args, cgroup.outside), cgroup.dir
		}
		h, err := l.start(args, in)
		if err != nil {
			return l, fmt.Errorf("load process %d: %w", i, err)
		}
		switch i {
		case processes / 2:
			l.plain = h
		case processes - 1:
			l.unit = h
		}
	}
	return l, nil
}

// start waits until a process says that it is ready, on which port one of its clients is, and who has that socket.
func (l *load) start(args []string, cgroup *os.File) (holder, error) {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if cgroup != nil {
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(cgroup.Fd())
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return holder{}, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return holder{}, err
	}
	if err := cmd.Start(); err != nil {
		return holder{}, err
	}
	l.processes, l.stdins = append(l.processes, cmd), append(l.stdins, stdin)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return holder{}, fmt.Errorf("it is not ready: %w", err)
	}
	var h holder
	for i, word := range strings.Fields(line) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return holder{}, err
		}
		if i == 0 {
			h.port = n
		} else {
			h.owners = append(h.owners, n)
		}
	}
	return h, nil
}

// stop ends the processes: each when its stdin does.
func (l *load) stop() {
	for i, cmd := range l.processes {
		_ = l.stdins[i].Close()
		_ = cmd.Wait()
	}
}

// beLoad is a process of the load. outside, if not empty, is a cgroup for a child that shares one socket.
func beLoad(number, connections int, outside string) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(2*connections + 50); limit.Cur < need {
		limit.Cur, limit.Max = need, max(limit.Max, need)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return fmt.Errorf("%d open files: %w", need, err)
		}
	}
	server := &unix.SockaddrInet4{Addr: [4]byte{127, 1, byte(number), 1}, Port: 7000}
	listener, err := listen(server, unix.SO_REUSEADDR) // beside what is left of another load
	if err != nil {
		return err
	}
	// The kernel picks one client's port from a range that has it alone; the others' range has it not. So there is one holder.
	port, shared := 10_000+number, -1
	for i := range connections {
		client, err := tcpSocket()
		if err != nil {
			return err
		}
		if i == connections/2 {
			shared, err = client, picking(port, func() error { return connect(client, server) })
		} else {
			err = connect(client, server)
		}
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		if _, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC); err != nil {
			return os.NewSyscallError("accept", err)
		}
	}
	owners := []string{strconv.Itoa(port), strconv.Itoa(os.Getpid())}
	if outside != "" {
		again, err := unix.FcntlInt(uintptr(shared), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return os.NewSyscallError("fcntl", err)
		}
		file := os.NewFile(uintptr(again), "socket")
		defer file.Close()
		child := exec.Command("/proc/self/exe", "share", filepath.Join(outside, "cgroup.procs"))
		child.ExtraFiles = []*os.File{file}
		child.Stdin, child.Stderr = os.Stdin, os.Stderr
		ready, err := child.StdoutPipe()
		if err != nil {
			return err
		}
		if err := child.Start(); err != nil {
			return err
		}
		if _, err := bufio.NewReader(ready).ReadString('\n'); err != nil {
			return fmt.Errorf("the child is not ready: %w", err)
		}
		owners = append(owners, strconv.Itoa(child.Process.Pid))
	}
	fmt.Println(strings.Join(owners, " "))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// beSharer leaves the unit's cgroup, and keeps the socket that it was given until stdin ends.
func beSharer(procs string) error {
	if err := os.WriteFile(procs, []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
