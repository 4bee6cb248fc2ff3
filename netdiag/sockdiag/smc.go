package sockdiag

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// SMC returns the SMC sockets (Linux 4.19, the module smc_diag). Each has the ends of the TCP socket that the kernel has made for it, and an
// Inode of its own: that of TCP's no process shows.
func (c *Conn) SMC(ctx context.Context) ([]Socket, error) {
	var all []Socket
	req := nl.NewNetlinkRequest(msgByFamily, unix.NLM_F_DUMP)
	req.AddRawData(append([]byte{unix.AF_SMC, 0, 0, 0}, make([]byte, len(sockID{}))...)) // struct smc_diag_req
	err := c.exchange(ctx, req, func(b []byte) error {
		s, err := parseSMC(b)
		all = append(all, s)
		return err
	})
	if err != nil {
		return nil, &Error{Op: OpDump, Protocol: unix.IPPROTO_TCP, Err: err}
	}
	return all, nil
}

const smcMsgLen = 64 // struct smc_diag_msg of include/uapi/linux/smc_diag.h

// parseSMC reads one record. Its family is that of the addresses; one of an IPPROTO_SMC socket has neither.
func parseSMC(b []byte) (Socket, error) {
	if len(b) < smcMsgLen {
		return Socket{}, fmt.Errorf("SMC record of %d bytes", len(b))
	}
	end := func(port, addr []byte) netip.AddrPort {
		a := netip.AddrFrom4([4]byte(addr))
		if b[0] == unix.AF_INET6 {
			a = netip.AddrFrom16([16]byte(addr))
		}
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(port))
	}
	return Socket{
		Protocol: unix.IPPROTO_TCP,
		Family:   b[0],
		Local:    end(b[4:], b[8:24]),
		Remote:   end(b[6:], b[24:40]),
		UID:      binary.NativeEndian.Uint32(b[52:]),
		Inode:    uint32(binary.NativeEndian.Uint64(b[56:])),
	}, nil
}
