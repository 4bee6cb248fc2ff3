package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// story is the incident, and its end.
func story(on stage, programs programs) error {
	cache, err := net.Listen("tcp4", on.server)
	if err != nil {
		return err
	}
	if on.own {
		if err := pickFrom(on.port, on.port); err != nil { // the kernel's choice, among one
			return err
		}
	}
	pool, err := start(programs.path("order"), "order", cache.Addr().String())
	if err != nil {
		return err
	}
	defer pool.stop()
	conn, err := cache.Accept()
	if err != nil {
		return err
	}
	if on.own {
		if err := pickFrom(1024, 65000); err != nil {
			return err
		}
	}
	host, port, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return err
	}
	say("port %s is billing's; the kernel gave it to order's connection", port)
	if code := programs.run("billing", ":"+port); code != 1 {
		return fmt.Errorf("billing exits %d, not 1", code)
	}

	fmt.Println()
	if code := programs.run("portguard", "-p", port); code != 69 {
		return fmt.Errorf("portguard exits %d, not 69", code)
	}

	fmt.Printf("\n$ portguard --share -p %s -- billing :%s &\n", port, port)
	service, err := start(programs.path("portguard"), "portguard", "--share", "-p", port, "--", programs.path("billing"), ":"+port)
	if err != nil {
		return err
	}
	defer service.stop()
	line, err := service.stdout.ReadString('\n')
	if err != nil {
		return errors.New("billing did not start; sharing takes root, or Yama's ptrace_scope 0 for one's own processes")
	}
	fmt.Print(line)
	url := "http://" + net.JoinHostPort(host, port) + "/"
	answer, err := get(url)
	if err != nil {
		return err
	}
	say("GET %s: %s", url, answer)

	fmt.Fprintln(conn, "still there?")
	heard, err := pool.stdout.ReadString('\n')
	if err != nil {
		return fmt.Errorf("the connection of order is broken: %w", err)
	}
	say("the connection goes on: order hears %q", strings.TrimSpace(heard))

	say("never again:")
	reserve := []string{"reserve", "--runtime", port}
	if !on.own || unix.Access("/run", unix.W_OK) != nil {
		reserve[1] = "--dry-run" // the host is not ours to change, or not by this user
	}
	if code := programs.run("portguard", reserve...); code != 0 {
		return fmt.Errorf("portguard reserve exits %d", code)
	}
	return nil
}

func say(format string, args ...any) { fmt.Printf("\n# "+format+"\n", args...) }

// programs is the directory of the story's programs.
type programs string

func (p programs) path(name string) string { return filepath.Join(string(p), name) }

// preparePrograms builds portguard as it is released; the others are this program by other names.
func preparePrograms() (programs, error) {
	dir, err := os.MkdirTemp("", "portguard-demo-")
	if err != nil {
		return "", err
	}
	p := programs(dir)
	err = p.fill()
	if err != nil {
		os.RemoveAll(dir)
	}
	return p, err
}

func (p programs) fill() error {
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-E portguard/wrapper/become.entry", "-o", p.path("portguard"), "portguard/cmd/portguard")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return errors.Join(os.Symlink(self, p.path("order")), os.Symlink(self, p.path("billing")))
}

// run shows a command and what it prints, and returns its exit status, -1 when it could not be started.
func (p programs) run(name string, args ...string) int {
	fmt.Printf("$ %s %s\n", name, strings.Join(args, " "))
	cmd := exec.Command(p.path(name), args...)
	cmd.Args[0] = name
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	_ = cmd.Run() // the status says it
	return cmd.ProcessState.ExitCode()
}
