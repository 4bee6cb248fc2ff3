package holders

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// connection names one side of a TCP connection. With it the kernel can be asked for the state after the descriptor is
// closed.
type connection struct {
	local, remote netip.AddrPort
	device        uint32 // that the socket is bound to
}

func connectionOf(fd int) (connection, error) {
	local, err := localAddr(fd)
	if err != nil {
		return connection{}, err
	}
	peer, err := unix.Getpeername(fd)
	if err != nil {
		return connection{}, os.NewSyscallError("getpeername", err)
	}
	device, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX)
	if err != nil {
		return connection{}, os.NewSyscallError("SO_BINDTOIFINDEX", err)
	}
	c := connection{local: local, device: uint32(device)}
	switch sa := peer.(type) {
	case *unix.SockaddrInet4:
		c.remote = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		c.remote = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return c, nil
}

// await waits until the connection is in the state, a TCP_ number of the kernel. One that the kernel does not know any
// more is in CLOSE. A FIN that meets a socket on its way to a FIN_WAIT2 record is dropped, and sent again when the kernel of
// an emulated host thinks that it is time.
func (c connection) await(want uint8) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		got, err := c.state()
		if err != nil || got == want {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%v -> %v is in TCP state %d, not %d", c.local, c.remote, got, want)
		}
	}
}

func (c connection) state() (uint8, error) {
	req := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, 0)
	req.AddRawData(c.request())
	msgs, err := req.Execute(unix.NETLINK_INET_DIAG, nl.SOCK_DIAG_BY_FAMILY)
	if errors.Is(err, unix.ENOENT) {
		return unix.BPF_TCP_CLOSE, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sock_diag: %w", err)
	}
	if len(msgs) != 1 || len(msgs[0]) < 2 {
		return 0, fmt.Errorf("sock_diag: %d answers about one connection", len(msgs))
	}
	return msgs[0][1], nil // idiag_state of struct inet_diag_msg
}

// request is struct inet_diag_req_v2: family, protocol, ext, pad, states, then struct inet_diag_sockid. States are not
// looked at when one connection is asked for.
func (c connection) request() []byte {
	b := make([]byte, 56)
	b[0], b[1] = unix.AF_INET6, unix.IPPROTO_TCP
	if c.local.Addr().Is4() {
		b[0] = unix.AF_INET
	}
	binary.BigEndian.PutUint16(b[8:], c.local.Port())
	binary.BigEndian.PutUint16(b[10:], c.remote.Port())
	copy(b[12:28], c.local.Addr().AsSlice())
	copy(b[28:44], c.remote.Addr().AsSlice())
	binary.NativeEndian.PutUint32(b[44:], c.device)
	binary.NativeEndian.PutUint64(b[48:], ^uint64(0)) // INET_DIAG_NOCOOKIE, twice
	return b
}
