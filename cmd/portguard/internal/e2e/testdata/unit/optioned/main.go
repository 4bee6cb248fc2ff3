// Command optioned is a service that sets what few set on its socket: optioned [-reuseport] [-device NAME] NETWORK ADDRESS, as in
// "udp4 0.0.0.0:67". It tells systemd when it is up, and exits with the number of bind()'s error when it cannot.
package main

import (
	"context"
	"errors"
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
	reusePort := flag.Bool("reuseport", false, "set SO_REUSEPORT")
	device := flag.String("device", "", "set SO_BINDTODEVICE")
	flag.Parse()
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var errs []error
		err := c.Control(func(fd uintptr) {
			if *reusePort {
				errs = append(errs, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
			}
			if *device != "" {
				errs = append(errs, unix.BindToDevice(int(fd), *device))
			}
		})
		return errors.Join(append(errs, err)...)
	}}
	var err error
	if network, addr := flag.Arg(0), flag.Arg(1); strings.HasPrefix(network, "udp") {
		_, err = listen.ListenPacket(context.Background(), network, addr)
	} else {
		_, err = listen.Listen(context.Background(), network, addr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		var errno syscall.Errno
		errors.As(err, &errno)
		os.Exit(int(errno))
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	fmt.Println("up")
	time.Sleep(time.Hour) // the socket stays open until the process ends
}
