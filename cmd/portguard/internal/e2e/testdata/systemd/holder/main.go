// Command holder has ports, each by a listening socket or by a connection of which it has both ends. It tells systemd when
// it has them, and lets go after a while, or never.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

func main() {
	listen := flag.String("listen", "", "ports to listen on, with commas")
	from := flag.Int("from", 0, "port that the kernel is to pick for a connection (IP_LOCAL_PORT_RANGE, Linux 6.3)")
	ask := flag.Bool("ask", false, "bind to that port by number instead")
	hold := flag.Duration("for", time.Hour, "how long to have them")
	flag.Parse()
	if err := take(*listen, *from, *ask); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	time.Sleep(*hold)
}

// take leaves the sockets open: they end with the process.
func take(listen string, from int, ask bool) error {
	for port := range strings.SplitSeq(listen, ",") {
		if port == "" {
			continue
		}
		if _, err := net.Listen("tcp4", ":"+port); err != nil {
			return err
		}
	}
	if from == 0 {
		return nil
	}
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, from<<16|from)
		}); e != nil {
			return e
		}
		return err
	}}
	if ask {
		dialer = net.Dialer{LocalAddr: &net.TCPAddr{Port: from}}
	}
	client, err := dialer.DialContext(context.Background(), "tcp4", server.Addr().String())
	if err != nil {
		return err
	}
	if got := client.LocalAddr().(*net.TCPAddr).Port; got != from {
		return fmt.Errorf("the port is %d, not %d", got, from)
	}
	peer, err := server.Accept()
	if err != nil {
		return err
	}
	// The port is to be free when this ends: nothing stays in TIME_WAIT.
	return peer.(*net.TCPConn).SetLinger(0)
}
