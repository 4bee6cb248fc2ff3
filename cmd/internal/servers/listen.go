package main

import (
	"io"
	"net"
	"net/http"
)

// listen is itself one of the servers: what Go programs do.
func listen(network, addr string) error {
	if network == "http" {
		// A goroutine whose error nobody looks at.
		go func() { _ = http.ListenAndServe(addr, http.NotFoundHandler()) }()
		select {}
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(c, c) // until it is closed
			_ = c.Close()
		}()
	}
}
