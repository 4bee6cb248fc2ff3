// Command actor is a service that does one thing, which its first argument names, and says what it sees. It ends at once when the
// other end of its stdin, a pipe or a terminal, is closed, as happens when whoever started it has gone.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"portguard/wrapper/become"
)

func main() {
	go dieWithStdin()
	if err := act(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

func act(what string, args []string) error {
	switch what {
	case "exit":
		os.Exit(number(args[0]))
	case "die":
		return unix.Kill(os.Getpid(), unix.Signal(number(args[0])))
	case "stubborn":
		signal.Ignore(unix.SIGTERM)
		fmt.Println("ready")
		time.Sleep(time.Minute)
	case "sleep": // a short while
		time.Sleep(200 * time.Millisecond)
		fmt.Println("adopted", strconv.Itoa(os.Getppid()) == args[0])
	case "orphan":
		return orphan()
	case "middle": // of an orphan and the one who says whose it should be
		return self("sleep", args[0]).Start()
	case "leave":
		c := self("linger")
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := c.Start(); err != nil {
			return err
		}
		fmt.Println("left", c.Process.Pid)
	case "obey":
		return obey(args)
	case "linger":
		time.Sleep(time.Minute)
	case "foreground":
		group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
		fmt.Println("foreground", err == nil && group == unix.Getpgrp())
		return err
	case "listen":
		return listen(args)
	case "background": // what does something else
		c := self(args...)
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return c.Start()
	case "heir":
		return heir(args[0])
	case "crash": // once it has listened
		l, err := net.Listen("tcp", ":"+args[0])
		if err != nil {
			fmt.Println("lost", err)
			os.Exit(98)
		}
		defer l.Close()
		os.Exit(1)
	case "shell":
		return shell(args)
	default:
		return fmt.Errorf("an actor cannot %q", what)
	}
	return nil
}

// obey does what it is told for signals: "15=7" ends it with status 7, "15=7@600ms" so much later, and "15=" does nothing.
func obey(orders []string) error {
	type order struct {
		status string
		after  time.Duration
	}
	heard := make(chan os.Signal, 16)
	does := map[os.Signal]order{}
	for _, text := range orders {
		sig, what, found := strings.Cut(text, "=")
		status, after, late := strings.Cut(what, "@")
		o := order{status: status}
		var err error
		if late {
			o.after, err = time.ParseDuration(after)
		}
		if !found || err != nil {
			return fmt.Errorf("%q is no order", text)
		}
		does[unix.Signal(number(sig))] = o
		signal.Notify(heard, unix.Signal(number(sig)))
	}
	for _, sig := range []unix.Signal{unix.SIGUSR1, unix.SIGUSR2} {
		if _, told := does[sig]; !told {
			become.Default(sig) // which ends a program that is not Go's
		}
	}
	fmt.Println("up")
	for sig := range heard {
		o := does[sig]
		if o.status == "" {
			continue
		}
		time.Sleep(o.after)
		fmt.Println("finished")
		os.Exit(number(o.status))
	}
	return nil
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func self(args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c
}

// dieWithStdin does not read: a terminal would stop a process in the background for that.
func dieWithStdin() {
	for {
		stdin := []unix.PollFd{{Fd: 0}} // POLLHUP and POLLERR are told without being asked for
		if n, err := unix.Poll(stdin, -1); n == 1 || err != nil && err != unix.EINTR {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		}
	}
}

// orphan leaves a process to whoever takes it, and says how many zombies its parent has when that has ended.
func orphan() error {
	parent := os.Getppid()
	if err := self("middle", strconv.Itoa(parent)).Run(); err != nil {
		return err
	}
	time.Sleep(600 * time.Millisecond)
	zombies := 0
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, name := range stats {
		if text, err := os.ReadFile(name); err == nil {
			_, fields, _ := strings.Cut(string(text), ") ")
			if strings.HasPrefix(fields, fmt.Sprintf("Z %d ", parent)) {
				zombies++
			}
		}
	}
	fmt.Println("zombies", zombies)
	return nil
}

// listen listens on an address, after a while if there is a second argument, until it is ended.
func listen(args []string) error {
	if len(args) > 1 {
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		time.Sleep(d)
	}
	l, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	defer l.Close()
	fmt.Println("up")
	time.Sleep(time.Minute)
	return nil
}

// heir listens on a port. At SIGHUP it starts itself again with its listener, and ends, as tableflip does; at SIGTERM it ends.
func heir(port string) error {
	l, err := net.FileListener(os.NewFile(3, "inherited"))
	if err != nil {
		l, err = net.Listen("tcp", ":"+port)
	}
	if err != nil {
		return err
	}
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, unix.SIGHUP, unix.SIGTERM)
	fmt.Println("up", os.Getpid())
	if <-heard == unix.SIGTERM {
		return nil
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	c := self("heir", port)
	c.ExtraFiles = []*os.File{file}
	return c.Start()
}

// shell runs a job on its terminal as shells do: in a process group of its own, in the foreground, continued once when it has
// stopped.
func shell(argv []string) error {
	signal.Ignore(unix.SIGTTOU)
	job, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Foreground: true},
	})
	if err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		if _, err := unix.Wait4(job, &status, unix.WUNTRACED, nil); err != nil {
			if err == unix.EINTR {
				continue
			}
			return err
		}
		group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
		if err != nil {
			return err
		}
		switch {
		case status.Stopped():
			fmt.Println("job stopped")
			time.Sleep(300 * time.Millisecond)
			if err := unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, job); err != nil {
				return err
			}
			if err := unix.Kill(-job, unix.SIGCONT); err != nil {
				return err
			}
		case status.Signaled():
			fmt.Println("job died of", int(status.Signal()), "terminal returned", group == job)
			return nil
		default:
			fmt.Println("job ended with", status.ExitStatus(), "terminal returned", group == job)
			return nil
		}
	}
}
