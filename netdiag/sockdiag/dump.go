package sockdiag

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// Dump returns the sockets that q is about, in no order, each once; or an error and none. A socket that changes while
// the kernel walks shows as it was seen last, and one that just then leaves its place to its remains may be missed. The
// kernel walks its tables whatever is asked for (tens of milliseconds on a busy host), unless Listen is all of States:
// so ask once for many ports.
func (c *Conn) Dump(ctx context.Context, q Query) ([]Socket, error) {
	pieces, err := c.Pieces(ctx, q)
	return slices.Concat(pieces...), err
}

// Pieces is Dump for callers that expect many: to put a hundred thousand sockets into one list takes an eighth of the processor time of an audit, as Go's
// collector waits for the copy.
func (c *Conn) Pieces(ctx context.Context, q Query) ([][]Socket, error) {
	pieces, err := c.dump(ctx, q)
	if err != nil {
		return nil, &Error{Op: OpDump, Protocol: q.Protocol, Err: err}
	}
	return pieces, nil
}

func (c *Conn) dump(ctx context.Context, q Query) ([][]Socket, error) {
	if q.Family != unix.AF_UNSPEC {
		return c.dumpWalk(ctx, q)
	}
	if q.Protocol == unix.IPPROTO_TCP {
		pieces, err := c.dumpWalk(ctx, q)
		if !legacyRefused(err) {
			return pieces, err
		}
	}
	q.Family = unix.AF_INET
	v4, err := c.dumpWalk(ctx, q)
	if err != nil {
		return nil, err
	}
	q.Family = unix.AF_INET6
	v6, err := c.dumpWalk(ctx, q)
	if err != nil {
		return nil, err
	}
	return append(v4, v6...), nil
}

// legacyRefused reports whether to ask for each family by itself.
func legacyRefused(err error) bool {
	return refusal(err) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL)
}

// dumpWalk is one walk of the kernel, tried again when it was interrupted or truncated.
func (c *Conn) dumpWalk(ctx context.Context, q Query) ([][]Socket, error) {
	const attempts = 4
	ports := join(q.Ports, 1)
	req := dumpRequest(q, cover(ports, maxRanges))
	var err error
	for range attempts {
		found := findings{every: q.Ports == nil, ports: ports, index: make(map[uint64]int)}
		err = c.exchange(ctx, req, func(b []byte) error {
			s, err := parseMessage(b)
			s.Protocol = q.Protocol
			found.add(s)
			return err
		})
		if err == nil {
			return found.pieces, nil
		}
		if !errors.Is(err, errIncomplete) {
			break
		}
	}
	return nil, err
}

// findings gathers the records of one dump.
type findings struct {
	every  bool           // any port will do
	ports  []PortRange    // or else these, as join leaves them
	pieces [][]Socket     // of perPiece sockets, so that those found are not copied each time that there are more
	index  map[uint64]int // by cookie
}

const perPiece = 256

// add takes s if its port is wanted: the program in the kernel may let through more. A cookie seen before is a socket
// that went from one of the kernel's tables to another meanwhile, and the later record is the truer.
func (f *findings) add(s Socket) {
	if !f.every && !contains(f.ports, s.Local.Port()) {
		return
	}
	if i, ok := f.index[s.Cookie]; ok {
		f.pieces[i/perPiece][i%perPiece] = s
		return
	}
	i := len(f.index)
	f.index[s.Cookie] = i
	if i%perPiece == 0 {
		f.pieces = append(f.pieces, make([]Socket, 0, min(i, perPiece)))
	}
	f.pieces[i/perPiece] = append(f.pieces[i/perPiece], s)
}
