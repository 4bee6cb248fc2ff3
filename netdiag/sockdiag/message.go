package sockdiag

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// message is one netlink message, header (struct nlmsghdr) apart.
type message struct {
	kind, flags uint16
	seq         uint32
	body        []byte
}

// nextMessage cuts the first message off a datagram of one or more.
func nextMessage(b []byte) (m message, rest []byte, err error) {
	if len(b) < unix.NLMSG_HDRLEN {
		return message{}, nil, errors.New("netlink header cut off")
	}
	native := binary.NativeEndian
	size := native.Uint32(b)
	if size < unix.NLMSG_HDRLEN || uint64(size) > uint64(len(b)) {
		return message{}, nil, fmt.Errorf("netlink message of %d bytes where %d are left", size, len(b))
	}
	m = message{
		kind:  native.Uint16(b[4:]),
		flags: native.Uint16(b[6:]),
		seq:   native.Uint32(b[8:]),
		body:  b[unix.NLMSG_HDRLEN:size],
	}
	return m, b[min((int(size)+3)&^3, len(b)):], nil
}

// errno is the result in an NLMSG_ERROR or NLMSG_DONE: nil for 0. Old kernels may send NLMSG_DONE without one.
func (m message) errno() error {
	if len(m.body) < 4 {
		if m.kind == unix.NLMSG_DONE && len(m.body) == 0 {
			return nil
		}
		return fmt.Errorf("netlink result of %d bytes", len(m.body))
	}
	if code := int32(binary.NativeEndian.Uint32(m.body)); code < 0 {
		return unix.Errno(-code)
	}
	return nil // a dump may end with a positive count
}
