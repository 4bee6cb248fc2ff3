// Package sockdiag asks the kernel about TCP and UDP sockets by NETLINK_SOCK_DIAG (net/ipv4/inet_diag.c): which there
// are, whether one is still there, to destroy one, and to be told when one goes away. It knows the wire and no policy.
//
// Everything is about one network namespace: that of the thread which called Dial or Subscribe. Only Destroy needs a
// privilege. A dump is no snapshot: sockets come and go while the kernel walks its tables. TCP sockets that are bound but
// neither listen nor are connected show on Linux 6.8 and later only.
package sockdiag

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	// bufferSize holds any answer: the kernel makes none longer than 32 KiB for a dump.
	bufferSize = 64 << 10

	// patience is how long the kernel may take for the next part of an answer. A walk over a
	// hundred thousand sockets takes it a tenth of a second.
	patience = 3 * time.Second
)

// Conn is a connection to the kernel's sock_diag. It is safe for concurrent use: requests take turns.
type Conn struct {
	mu     sync.Mutex
	socket *nl.NetlinkSocket
	buf    []byte
}

// Dial opens a Conn in the network namespace of the calling thread. It needs no privilege.
func Dial() (*Conn, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil, &Error{Op: OpDial, Err: err}
	}
	return &Conn{socket: s, buf: make([]byte, bufferSize)}, nil
}

// Close waits for a request under way. Requests fail afterwards with os.ErrClosed. Closing twice is no error.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != nil {
		c.socket.Close()
		c.socket = nil // its descriptor's number may soon be another file's
	}
	return nil
}

// exchange sends one request and calls record for every message of the answer, until its end. The bytes that record is
// given are overwritten after it.
func (c *Conn) exchange(ctx context.Context, req *nl.NetlinkRequest, record func([]byte) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == nil {
		return os.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.discard(); err != nil {
		return err
	}
	if err := c.socket.Send(req); err != nil {
		return err
	}
	return c.answer(ctx, req, record)
}

// answer reads the answer to req. Messages that answer another request, sent earlier, are passed over.
func (c *Conn) answer(ctx context.Context, req *nl.NetlinkRequest, record func([]byte) error) error {
	for {
		b, err := c.next(ctx)
		if err != nil {
			return err
		}
		for len(b) > 0 {
			var m message
			if m, b, err = nextMessage(b); err != nil {
				return err
			}
			if m.seq != req.Seq {
				continue
			}
			switch {
			case m.flags&unix.NLM_F_DUMP_INTR != 0:
				return errIncomplete
			case m.kind == unix.NLMSG_ERROR, m.kind == unix.NLMSG_DONE:
				return m.errno()
			case m.kind != req.Type:
				continue
			}
			if err := record(m.body); err != nil {
				return err
			}
			if m.flags&unix.NLM_F_MULTI == 0 {
				return nil
			}
		}
	}
}

// discard reads what is left of an answer that nobody waited for. While its dump lasts the kernel refuses another
// (EBUSY).
func (c *Conn) discard() error {
	for {
		switch _, err := receive(c.socket.GetFd(), c.buf); {
		case err == unix.EAGAIN:
			return nil
		case err != nil && err != unix.ENOBUFS && !errors.Is(err, errIncomplete):
			return err
		}
	}
}

// next waits for one datagram.
func (c *Conn) next(ctx context.Context) ([]byte, error) {
	for {
		b, err := receive(c.socket.GetFd(), c.buf)
		switch err {
		case unix.EAGAIN:
			if err := await(ctx, c.socket.GetFd(), patience); err != nil {
				return nil, err
			}
			continue
		case unix.ENOBUFS:
			return nil, errIncomplete
		}
		if err == nil {
			err = ctx.Err()
		}
		return b, err
	}
}
