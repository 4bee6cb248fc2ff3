package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// probe is a real request.
type probe struct {
	kind         string // http, tcp (the connection stays open), talk, listens (no connection: it would be its last)
	send, expect string
}

// ask makes the request, by IPv4 where that is listened on, else by IPv6.
func (p probe) ask() error {
	if p.kind == "listens" {
		all, err := listening()
		if err == nil && len(all) == 0 {
			err = errors.New("nobody listens")
		}
		return err
	}
	c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if p.kind == "tcp" {
		return staysOpen(c)
	}
	send, expect := p.send, p.expect
	if p.kind == "http" {
		send, expect = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/"
	}
	_ = c.SetDeadline(time.Now().Add(3 * time.Second)) // it is a socket
	if _, err := c.Write([]byte(send)); err != nil {
		return err
	}
	var got []byte
	for b := make([]byte, 4096); ; {
		n, err := c.Read(b)
		if got = append(got, b[:n]...); bytes.Contains(got, []byte(expect)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%q, then %w", got[:min(len(got), 60)], err)
		}
	}
}

// dial connects to the server.
func dial() (net.Conn, error) {
	d := net.Dialer{Timeout: 3 * time.Second}
	c, err := d.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		c, err = d.Dial("tcp6", fmt.Sprintf("[::1]:%d", port))
	}
	return c, err
}

// staysOpen is for servers that wait for the client to speak.
func staysOpen(c net.Conn) error {
	_ = c.SetDeadline(time.Now().Add(300 * time.Millisecond)) // it is a socket
	_, err := c.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}
