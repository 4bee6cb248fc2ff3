// Command talker is a service that does what it is told, one command a connection to its port, and answers with a line:
//
//	pid             its process
//	say STATE       tell the service manager; "|" is a line feed
//	store NAME      put a file into the fd store
//	feed, hang      feed the watchdog each 100 ms, and stop that
//	passed          which descriptors the manager has passed to it
//	exit STATUS     end
//
// By SIGHUP it reloads, as systemd.service(5) says for Type=notify-reload. `talker -say STATE` says it and ends.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"

	"portguard/systemd"
)

func main() {
	listen := flag.String("listen", "", "port for commands")
	say := flag.String("say", "", "say this, and end")
	flag.Parse()
	if *say != "" {
		notify(*say)
		return
	}
	l, err := net.Listen("tcp", ":"+*listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, unix.SIGHUP)
	go reload(hangup)
	var feeding atomic.Bool
	go feed(&feeding)
	for {
		c, err := l.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		line, _ := bufio.NewReader(c).ReadString('\n')
		fmt.Fprintln(c, do(strings.TrimSpace(line), &feeding))
		_ = c.Close()
	}
}

func do(line string, feeding *atomic.Bool) string {
	command, argument, _ := strings.Cut(line, " ")
	switch command {
	case "pid":
		return strconv.Itoa(os.Getpid())
	case "say":
		return notify(argument)
	case "store":
		fd, err := unix.MemfdCreate(argument, unix.MFD_CLOEXEC)
		if err == nil {
			err = systemd.NotifySocket(os.Environ()).Store(argument, fd)
			_ = unix.Close(fd)
		}
		return fmt.Sprint(err)
	case "feed", "hang":
		feeding.Store(command == "feed")
		return "ok"
	case "passed":
		return passed()
	case "exit":
		status, _ := strconv.Atoi(argument)
		os.Exit(status)
	}
	return "what?"
}

func notify(state string) string {
	sent, err := daemon.SdNotify(false, strings.ReplaceAll(state, "|", "\n"))
	return fmt.Sprint(sent, " ", err)
}

func feed(on *atomic.Bool) {
	for range time.Tick(100 * time.Millisecond) {
		if on.Load() {
			notify("WATCHDOG=1")
		}
	}
}

func reload(hangup <-chan os.Signal) {
	for range hangup {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			os.Exit(1)
		}
		notify(fmt.Sprintf("RELOADING=1|MONOTONIC_USEC=%d", now.Nano()/1000))
		time.Sleep(100 * time.Millisecond)
		notify("READY=1|STATUS=reloaded")
	}
}

// passed does what sd_listen_fds(3) does, and says where each descriptor leads to.
func passed() string {
	if id := os.Getenv("LISTEN_PIDFDID"); id != "" && id != own() {
		return "LISTEN_PIDFDID is another process's"
	}
	var all []string
	for _, p := range systemd.ListenFDs(os.Environ(), os.Getpid()) {
		what := "closed"
		if sa, err := unix.Getsockname(p.FD); err == nil {
			if at, ok := sa.(*unix.SockaddrInet4); ok {
				what = strconv.Itoa(at.Port)
			}
		}
		all = append(all, fmt.Sprintf("%d %s %s", p.FD, p.Name, what))
	}
	return strings.Join(all, ", ")
}

// own is what names this process for ever.
func own() string {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err.Error()
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err.Error()
	}
	return strconv.FormatUint(st.Ino, 10)
}
