package sockdiag

import (
	"context"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const reqProtocol = 3 // INET_DIAG_REQ_PROTOCOL, attribute of a request: IPPROTO_MPTCP does not fit into its header

// MPTCP returns the MPTCP sockets themselves, of which Dump shows the TCP subflows (Linux 5.9; listeners since 5.19). The
// two have the inode in common, and of the first subflow the ends. When all processes have closed one, its inode is 0 at
// once, while the record of the subflow goes on telling the old one. An accepted one has its listener's Cookie.
func (c *Conn) MPTCP(ctx context.Context) ([]Socket, error) {
	var all []Socket
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		req := nl.NewNetlinkRequest(msgByFamily, unix.NLM_F_DUMP)
		req.AddRawData(header(family, 0, 0, uint32(AllStates), sockID{}))
		req.AddRawData(nl.NewRtAttr(reqProtocol, nl.Uint32Attr(unix.IPPROTO_MPTCP)).Serialize())
		err := c.exchange(ctx, req, func(b []byte) error {
			s, err := parseMessage(b)
			s.Protocol = unix.IPPROTO_TCP
			all = append(all, s)
			return err
		})
		if err != nil {
			return nil, &Error{Op: OpDump, Protocol: unix.IPPROTO_TCP, Err: err}
		}
	}
	return all, nil
}
