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
	reuse := flag.Bool("reuse", true, "set SO_REUSEADDR")
	flag.Parse()
	time.Sleep(*delay)
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		if *reuse {
			return nil // Go has set it
		}
		var err error
		if e := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0)
		}); e != nil {
			return e
		}
		return err
	}}
	l, err := listen.Listen(context.Background(), *network, ":"+flag.Arg(0))
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
