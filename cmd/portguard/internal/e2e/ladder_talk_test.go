package e2e

import (
	wire "encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// conversation is a client on the port, which is a program of its own, and its server.
type conversation struct {
	client   *actor
	listener net.Listener

	mu                          sync.Mutex
	connections, messages, lost uint64
	errs                        []error
}

func (l *ladder) talk(t *testing.T, port uint16) *conversation {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	c := &conversation{listener: listener}
	go c.serve()
	program := builds.build(t, "./testdata/ladder/chat")
	narrowed(t, port, func() {
		c.client = launch(t, program, listener.Addr().String())
		if got := c.client.expect(t, "connected "); got != number(port) {
			t.Fatalf("the client has port %s", got)
		}
	})
	return c
}

func (c *conversation) serve() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return // closed with the test
		}
		c.mu.Lock()
		c.connections++
		c.mu.Unlock()
		go c.answer(conn)
	}
}

// answer sends every number back and makes sure that none is left out.
func (c *conversation) answer(conn net.Conn) {
	defer conn.Close()
	var buf [8]byte
	for next := uint64(1); ; next++ {
		if _, err := io.ReadFull(conn, buf[:]); err != nil {
			c.failed(err)
			return
		}
		n := wire.BigEndian.Uint64(buf[:])
		c.mu.Lock()
		c.messages++
		if n != next {
			c.lost, next = c.lost+1, n
		}
		c.mu.Unlock()
		if _, err := conn.Write(buf[:]); err != nil {
			c.failed(err)
			return
		}
	}
}

func (c *conversation) failed(err error) {
	if err == io.EOF {
		return // the client is done
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}

// check ends the conversation: it was one connection, and every number came there and back.
func (c *conversation) check(t *testing.T) {
	t.Helper()
	if err := c.client.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	var messages, lost, errs uint64
	if _, err := fmt.Sscan(c.client.expect(t, "end "), &messages, &lost, &errs); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d messages and %d answers, %d lost, %d connections", c.messages, messages, c.lost+lost, c.connections)
	if c.messages != messages || lost+c.lost != 0 || errs != 0 || len(c.errs) != 0 || c.connections != 1 || messages == 0 {
		t.Errorf("server: %d messages, %d lost, %v; client: %d answers, %d lost, %d errors\n%s",
			c.messages, c.lost, c.errs, messages, lost, errs, c.client.errs.String())
	}
}
