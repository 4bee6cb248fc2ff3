package sockdiag

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// Lookup asks for s again, by its addresses, ports, device and cookie, with the attributes of Query.Info. An error that
// matches ErrGone says that it is gone. It also says so of a connection that was destroyed while its owner keeps the
// socket open and bound: that is another socket to the kernel's tables, which Dump finds under the same cookie.
func (c *Conn) Lookup(ctx context.Context, s Socket) (Socket, error) {
	found, err := c.lookup(ctx, s)
	if err != nil {
		return Socket{}, socketError(OpLookup, s, err)
	}
	return found, nil
}

func (c *Conn) lookup(ctx context.Context, s Socket) (Socket, error) {
	if s.Protocol != unix.IPPROTO_TCP || s.State == Listen || s.State == Close {
		return c.lookupInDump(ctx, s)
	}
	var found Socket
	var records int
	ask := socketRequest(msgByFamily, 0, s, Query{Info: true}.extensions())
	err := c.exchange(ctx, ask, func(b []byte) (err error) {
		records++
		found, err = parseMessage(b)
		return err
	})
	if err == nil && records == 0 {
		err = errors.New("empty answer")
	}
	found.Protocol = s.Protocol
	return found, err
}

// lookupInDump finds sockets without a peer. The kernel looks these up as it does for an arriving packet: among several
// on one port it may choose another (SO_REUSEPORT), and bound, idle TCP sockets it does not find.
func (c *Conn) lookupInDump(ctx context.Context, s Socket) (Socket, error) {
	q := Query{Protocol: s.Protocol, Family: s.Family, Ports: []PortRange{{s.Local.Port(), s.Local.Port()}}, Info: true}
	if s.State == Listen {
		q.States = MaskOf(Listen)
	}
	pieces, err := c.dump(ctx, q)
	if err != nil {
		return Socket{}, err
	}
	for _, sockets := range pieces {
		for _, found := range sockets {
			if found.Cookie == s.Cookie {
				return found, nil
			}
		}
	}
	return Socket{}, unix.ENOENT
}
