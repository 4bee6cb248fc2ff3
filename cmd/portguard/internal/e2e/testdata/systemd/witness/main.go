// Command witness is a service of systemd's that tells what it was started with: at each start it adds a line of JSON to
// a file. It then listens, says READY=1 if it can, and serves until it is stopped.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"portguard/systemd"
)

// testimony is what there is at the start.
type testimony struct {
	PID     int
	Args    []string
	Environ []string
	FDs     []string // from descriptor 3 on, each "NUMBER WHAT"
}

func main() {
	out := flag.String("out", "", "file for the testimony")
	listen := flag.String("listen", "", "port to listen on")
	status := flag.String("status", "", "say STATUS= with READY=1")
	store := flag.Bool("store", false, "put a file into the fd store, unless it is there")
	keep := flag.Bool("keep", false, "put the listening socket into the fd store, and take it from there")
	flag.Parse()
	if err := serve(*out, *listen, *status, *store, *keep); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		time.Sleep(time.Hour)
	}
}

func serve(out, listen, status string, store, keep bool) error {
	if out != "" {
		if err := testify(out); err != nil {
			return err
		}
	}
	passed := map[string]int{}
	for _, p := range systemd.ListenFDs(os.Environ(), os.Getpid()) {
		passed[p.Name] = p.FD
	}
	manager := systemd.NotifySocket(os.Environ())
	if _, there := passed["own"]; store && !there {
		fd, err := unix.MemfdCreate("own", 0)
		if err != nil {
			return err
		}
		if err := manager.Store("own", fd); err != nil {
			return err
		}
	}
	if _, there := passed["listener"]; listen != "" && !there {
		l, err := net.Listen("tcp", ":"+listen)
		if err != nil {
			return err
		}
		if keep {
			f, err := l.(*net.TCPListener).File()
			if err != nil {
				return err
			}
			if err := manager.Store("listener", int(f.Fd())); err != nil {
				return err
			}
		}
	}
	state := daemon.SdNotifyReady
	if status != "" {
		state += "\nSTATUS=" + status
	}
	_, err := daemon.SdNotify(false, state)
	return err
}

func testify(out string) error {
	fds, err := descriptors()
	if err != nil {
		return err
	}
	line, err := json.Marshal(testimony{os.Getpid(), os.Args, os.Environ(), fds})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(append(line, '\n'))
	return err
}

// descriptors are those that were inherited: the Go runtime's own are close-on-exec.
func descriptors() ([]string, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			return nil, err
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); fd < 3 || err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		what, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(what, "socket:") {
			what = name(fd)
		}
		all = append(all, fmt.Sprintf("%d %s", fd, what))
	}
	return all, nil
}

// name tells sockets apart by their address.
func name(fd int) string {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return err.Error()
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return fmt.Sprintf("tcp4 %d", sa.Port)
	case *unix.SockaddrInet6:
		return fmt.Sprintf("tcp6 %d", sa.Port)
	case *unix.SockaddrUnix:
		return sa.Name
	}
	return fmt.Sprintf("%T", sa)
}
