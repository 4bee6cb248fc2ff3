// Command service is a service as many are: HTTP, on every address, up some time after its start. It says "up" when it
// listens, and exits with the number of bind()'s error when it cannot.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

func main() {
	delay := flag.Duration("delay", 0, "how long it takes between its start and bind()")
	network := flag.String("network", "tcp", "tcp, tcp4 or tcp6")
	addr := flag.String("addr", "", "the address to bind, not every one")
	reuse := flag.Bool("reuse", true, "set SO_REUSEADDR")
	freeBind := flag.Bool("freebind", false, "set IP_FREEBIND")
	transparent := flag.Bool("transparent", false, "set IP_TRANSPARENT")
	flag.Parse()
	time.Sleep(*delay)
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var errs []error
		err := c.Control(func(fd uintptr) {
			set := func(level, option, value int) {
				errs = append(errs, syscall.SetsockoptInt(int(fd), level, option, value))
			}
			if !*reuse { // Go has set it
				set(syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
			}
			if *freeBind {
				set(syscall.IPPROTO_IP, syscall.IP_FREEBIND, 1)
			}
			if *transparent {
				set(syscall.IPPROTO_IP, syscall.IP_TRANSPARENT, 1)
			}
		})
		return errors.Join(append(errs, err)...)
	}}
	l, err := listen.Listen(context.Background(), *network, net.JoinHostPort(*addr, flag.Arg(0)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		var errno syscall.Errno
		errors.As(err, &errno)
		os.Exit(int(errno))
	}
	fmt.Println("up")
	fmt.Fprintln(os.Stderr, http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "up\n") // a client that has gone is no concern of ours
	})))
}
