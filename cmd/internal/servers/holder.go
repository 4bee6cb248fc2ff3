package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"portguard/netdiag/sockdiag"
)

// holder is a client to whose connection the kernel has given the server's port.
type holder struct {
	listener  net.Listener
	near, far net.Conn
}

const (
	rangeFile = "/proc/sys/net/ipv4/ip_local_port_range"
	peer      = "127.0.0.1:7000"
)

// hold has the kernel give the port away, as it does when the server is down.
func hold() (h *holder, err error) {
	h = &holder{}
	if h.listener, err = net.Listen("tcp4", peer); err != nil {
		return nil, err
	}
	if err := os.WriteFile(rangeFile, fmt.Appendf(nil, "%d %d", port, port), 0); err != nil {
		return nil, err
	}
	h.near, err = net.Dial("tcp4", peer)
	if restored := os.WriteFile(rangeFile, []byte("40000 60999"), 0); err == nil {
		err = restored
	}
	if err != nil {
		return nil, fmt.Errorf("a client does not get the port: %w", err)
	}
	if got := h.near.LocalAddr().(*net.TCPAddr).Port; got != port {
		return nil, fmt.Errorf("a client got port %d", got)
	}
	h.far, err = h.listener.Accept()
	return h, err
}

// alive reports whether bytes still go through the connection.
func (h *holder) alive() bool {
	b := make([]byte, 4)
	deadline := time.Now().Add(3 * time.Second)
	_, _ = h.near.SetDeadline(deadline), h.far.SetDeadline(deadline) // they are sockets
	if _, err := h.near.Write([]byte("ping")); err != nil {
		return false
	}
	_, err := io.ReadFull(h.far, b)
	return err == nil && bytes.Equal(b, []byte("ping"))
}

// release leaves nothing on the port.
func (h *holder) release() {
	for _, c := range []net.Conn{h.near, h.far} {
		_ = c.(*net.TCPConn).SetLinger(0) // reset: no TIME_WAIT
		_ = c.Close()
	}
	_ = h.listener.Close()
}

// clearPort destroys what connections of the last start have left behind. A placeholder that nobody has any more is gone by itself.
func clearPort(ctx context.Context) error {
	conn, err := sockdiag.Dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	all, err := conn.Dump(ctx, sockdiag.Query{Protocol: unix.IPPROTO_TCP})
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Local.Port() == port || s.Remote.Port() == port {
			_ = conn.Destroy(ctx, s) // it may have ended by itself
		}
	}
	return nil
}
